#!/usr/bin/env bash
# Checks once, and says it twice: as SARIF for code scanning, as annotations in the log. Fails on findings.
# Reads PATHS (words), SEVERITY, BUDGET; writes GITHUB_OUTPUT.
set -euo pipefail
sarif="${RUNNER_TEMP:-/tmp}/tminus.sarif"
echo "sarif=$sarif" >> "$GITHUB_OUTPUT"
read -r -a paths <<< "$PATHS"
flags=(--severity "$SEVERITY")
if [ -n "${BUDGET:-}" ]; then
  flags+=(--plan --budget-usd "$BUDGET")
fi
tminus check "${flags[@]}" --format sarif --output-file "$sarif" --exit-zero "${paths[@]}"
tminus check "${flags[@]}" --format github "${paths[@]}"
