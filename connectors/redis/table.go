package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

// A group has a table, a hash: which members there are and until when, which partition is
// whose, how often it was given to somebody, and who committed last.
//
//	n       the number of partitions
//	m:ID    when the member is dead, in ms
//	l:P     the member that has the partition
//	g:P     how often it was given away
//	o:P     the [plugins.Env.Owner] of who committed last
//
// beat is what a member does with it now and then, in one step: it says that it is there, buries the
// dead, says who has committed, gives back partitions, and takes those that are free
// and that it should have. Members with lower names get one more where the division is uneven.
const beat = `
local key, id, ttl, n, leaving, owner = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1', ARGV[5]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all, f = redis.call('HGETALL', key), {}
for i = 1, #all, 2 do f[all[i]] = all[i + 1] end
local alive, members = {}, {}
for name, v in pairs(f) do
  if string.sub(name, 1, 2) == 'm:' then
    local who = string.sub(name, 3)
    if who ~= id and tonumber(v) > now then
      alive[who] = true
      members[#members + 1] = who
    elseif who ~= id then
      redis.call('HDEL', key, name)
    end
  end
end
if f['n'] and tonumber(f['n']) ~= n then
  if #members > 0 then return {err = 'PARTITIONS ' .. f['n']} end
  for name in pairs(f) do
    if string.sub(name, 1, 2) == 'l:' then redis.call('HDEL', key, name) f[name] = nil end
  end
end
local at = 6
for i = 1, tonumber(ARGV[at]) do
  local p = ARGV[at + i]
  if f['l:' .. p] == id then redis.call('HSET', key, 'o:' .. p, owner) end
end
at = at + 1 + tonumber(ARGV[at])
for i = 1, tonumber(ARGV[at]) do
  local p = ARGV[at + i]
  if f['l:' .. p] == id then redis.call('HDEL', key, 'l:' .. p) f['l:' .. p] = nil end
end
if leaving then
  redis.call('HDEL', key, 'm:' .. id)
  for p = 0, n - 1 do
    if f['l:' .. p] == id then redis.call('HDEL', key, 'l:' .. p) end
  end
  return {0}
end
redis.call('HSET', key, 'm:' .. id, string.format('%.0f', now + ttl), 'n', n)
members[#members + 1] = id
alive[id] = true
table.sort(members)
local rank = 0
for i, who in ipairs(members) do if who == id then rank = i - 1 end end
local quota = math.floor(n / #members)
if rank < n % #members then quota = quota + 1 end
local mine = 0
for p = 0, n - 1 do
  if f['l:' .. p] == id then mine = mine + 1 end
end
local answer = {quota}
for p = 0, n - 1 do
  local l = f['l:' .. p]
  if l and not alive[l] then l = nil end
  if not l and mine < quota then
    mine = mine + 1
    l = id
    redis.call('HSET', key, 'l:' .. p, id)
    f['g:' .. p] = redis.call('HINCRBY', key, 'g:' .. p, 1)
    f['o:' .. p] = redis.call('HGET', key, 'o:' .. p)
  end
  if l == id then
    answer[#answer + 1] = {p, tonumber(f['g:' .. p]), f['o:' .. p] or ''}
  end
end
return answer`

// lease is a partition that is a member's.
type lease struct {
	partition  int
	generation int64
	owner      string // who committed last
}

// beatWith is what a member says in a beat.
type beatWith struct {
	key, id, owner string
	ttl            time.Duration
	partitions     int
	leaving        bool
	committed      []int
	given          []int // back
}

// beat changes the table of a group. It returns how many partitions the member should have, and
// those that it has.
func (c *connection) beat(ctx context.Context, script *goredis.Script, w beatWith) (quota int, leases []lease, err error) {
	leaving := "0"
	if w.leaving {
		leaving = "1"
	}
	args := []any{w.id, w.ttl.Milliseconds(), w.partitions, leaving, w.owner}
	for _, list := range [][]int{w.committed, w.given} {
		args = append(args, len(list))
		for _, p := range list {
			args = append(args, strconv.Itoa(p))
		}
	}
	answer, err := script.Run(ctx, c.client, []string{w.key}, args...).Slice()
	if err != nil {
		var n int
		if _, e := fmt.Sscanf(textOf(err), "PARTITIONS %d", &n); e == nil {
			return 0, nil, plugins.Permanent(fmt.Errorf("the group has members that read the topic with %d partitions, and this connector says %d: write the same number everywhere, and start again", n, w.partitions))
		}
		return 0, nil, err
	}
	for i, x := range answer {
		if i == 0 {
			n, _ := x.(int64)
			quota = int(n)
			continue
		}
		l, _ := x.([]any)
		if len(l) != 3 {
			return 0, nil, errTable
		}
		p, ok := l[0].(int64)
		g, also := l[1].(int64)
		owner, too := l[2].(string)
		if !ok || !also || !too || p < 0 || p >= int64(w.partitions) {
			return 0, nil, errTable
		}
		leases = append(leases, lease{int(p), g, owner})
	}
	return quota, leases, nil
}

var errTable = errors.New("the table of the group is not as it should be: delete its key, which begins with onstream:, and start again")
