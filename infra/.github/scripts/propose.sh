#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Propose an image for all bots: propose.sh REPOSITORY TAG DIGEST
# One branch and one open pull request, brought up to date by each build. Merging it starts all running bots anew.
set -euo pipefail
repository=$1 tag=$2 digest=$3
branch=deploy-bot

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(git rev-parse --abbrev-ref HEAD)
"$here/write_digest.py" environment.yaml "$repository" "$tag" "$digest"
# The strategies that a command may name are those of the image that runs.
cp image/catalogue/catalogue.json catalogue.json
if git diff --quiet -- environment.yaml catalogue.json; then
  echo "All bots have $repository@$digest already"
  exit 0
fi
title="Run $tag"
git switch --quiet --force-create "$branch"
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --message "$title" -- environment.yaml catalogue.json
git push --quiet --force origin "HEAD:refs/heads/$branch"

body="All bots run \`$repository@$digest\` after the merge; each one is started anew."
number=$(gh pr list --head "$branch" --base "$target" --state open --json number --jq '.[0].number // empty')
if [ -n "$number" ]; then
  gh pr edit "$number" --title "$title" --body "$body"
else
  gh pr create --head "$branch" --base "$target" --title "$title" --body "$body"
fi
