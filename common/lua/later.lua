-- Makes an event due again after a pause, without an attempt being counted.
-- KEYS: due, attempts. ARGV: name ("order/seq"), pause in ms.

local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
