-- Replaces a county's config as a whole, unless it has changed since it was read.
-- KEYS: the county's config hash
-- ARGV: the revision it had when it was read, 0 when there was none; then field, value, ...
-- Answers the new revision; nil when somebody else was quicker.
local revision = tonumber(redis.call('HGET', KEYS[1], 'revision')) or 0
if revision ~= tonumber(ARGV[1]) then return false end
redis.call('DEL', KEYS[1]) -- a file that is not given any more must not stay
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'revision', revision + 1, 'applied', time[1] .. string.format('%06d', time[2]), unpack(ARGV, 2))
return revision + 1
