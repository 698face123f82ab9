-- Replaces a county's files by new ones, all of them at once.
-- KEYS: the county's config hash
-- ARGV: a secret, used if the county has none yet; then file name, text, ...
-- Answers the new revision.
local secret = redis.call('HGET', KEYS[1], 'secret') or ARGV[1]
local revision = (tonumber(redis.call('HGET', KEYS[1], 'revision')) or 0) + 1
redis.call('DEL', KEYS[1]) -- a file that is not given any more must not stay
redis.call('HSET', KEYS[1], 'revision', revision, 'secret', secret, unpack(ARGV, 2))
return revision
