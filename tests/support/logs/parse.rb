# SPDX-License-Identifier: GPL-3.0-or-later
# Ruby's regular expressions are Onigmo's, which are Fluent Bit's as well. Reads {"regex": …, "lines": […]} and writes
# for each line its named groups, or null where it does not match.
require "json"

question = JSON.parse($stdin.read)
regex = Regexp.new(question["regex"])
puts JSON.generate(question["lines"].map { |line| (found = regex.match(line)) && found.named_captures })
