-- SPDX-License-Identifier: GPL-3.0-or-later
-- Calls the filter as Fluent Bit does, in the same LuaJIT: shape.lua FILTER RECORDS prints each record as JSON.
-- RECORDS returns a list of {tag, record}.
dofile(arg[1])

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(byte)
    return string.format("\\u%04x", byte:byte())
  end) .. '"'
end

local function json(value)
  if type(value) == "string" then return quote(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts, is_list = {}, #value > 0
  for key, item in pairs(value) do
    parts[#parts + 1] = is_list and json(item) or quote(key) .. ":" .. json(item)
  end
  return (is_list and "[" or "{") .. table.concat(parts, ",") .. (is_list and "]" or "}")
end

for _, item in ipairs(dofile(arg[2])) do
  local code, _, record = shape(item[1], 0, item[2])
  assert(code == 2, "the filter did not change the record")
  print(json(record))
end
