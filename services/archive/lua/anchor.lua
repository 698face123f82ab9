-- anchor.lua: notes how far a chain of the archive is.
--
-- KEYS[1]  the county's chains: hash of table → mark of its last row
-- ARGV     table, the mark that the archive knows of ("" for none), the new one
--
-- Answers the mark that is there now: the new one, or the old one when the archive knew of another, or the new one is
-- not further on.

local function number(mark)
    return tonumber(string.match(mark, '^%d+') or '0')
end

local known = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if known ~= ARGV[2] or number(ARGV[3]) <= number(known) then
    return known
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return ARGV[3]
