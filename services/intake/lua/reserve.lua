-- Reserves a block of a county's order numbers.
-- KEYS: serial, history. ARGV: size of the block, numbers to pass over when Redis has begun another history.
-- Answers the last number of the block.
--
-- Redis names its history anew at each start and failover: the moments at which its latest writes may be missing,
-- and with them numbers that residents have. A number given twice would open one's order to the other's code.

local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
if history ~= redis.call('GET', KEYS[2]) then
    redis.call('SET', KEYS[2], history)
    if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCRBY', KEYS[1], ARGV[2]) end
end
return redis.call('INCRBY', KEYS[1], ARGV[1])
