#!/usr/bin/env bash
# Writes the comment for a pull request: what the change does to each planned script, then the findings.
# Reads PLAN (lines), PATHS (words), SEVERITY, BASE (a revision); writes GITHUB_OUTPUT.
set -euo pipefail
file="${RUNNER_TEMP:-/tmp}/tminus-comment.md"
echo "file=$file" >> "$GITHUB_OUTPUT"
read -r -a paths <<< "$PATHS"
if ! git cat-file -e "$BASE^{commit}" 2> /dev/null; then
  git fetch --quiet --depth 1 origin "$BASE"
fi
{
  while IFS= read -r script; do
    [ -n "$script" ] || continue
    echo "### \`tminus plan $script\`"
    echo
    # A plan that cannot be made says why; a script that is new has nothing to be compared with.
    if git cat-file -e "$BASE:$script" 2> /dev/null; then
      tminus plan "$script" --against "$BASE" --format markdown 2>&1 || true
    else
      tminus plan "$script" --format markdown 2>&1 || true
    fi
    echo
  done <<< "$PLAN"
  echo "### \`tminus check\`"
  echo
  tminus check --severity "$SEVERITY" --format markdown --exit-zero "${paths[@]}"
} > "$file"
