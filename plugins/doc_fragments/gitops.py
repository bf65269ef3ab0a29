# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders

"""The options by which modules and the inventory reach the GitOps repository."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the repository is, how it is reached and who commits."""

    # Must be kept in sync with plugins/module_utils/_gitops/options.py
    DOCUMENTATION = r"""
options:
  repository:
    description:
      - URL or path of the GitOps repository that Argo CD follows.
      - A URL with a password is refused. Credentials come from O(ssh_key_file), O(credential_helper), an ssh
        agent or the C(.netrc) file of the user.
    type: str
    required: true
  branch:
    description:
      - Branch that Argo CD follows.
    type: str
    default: main
  committer_name:
    description:
      - Name of the author and committer of commits.
    type: str
    default: bot_freqtrade.platform
  committer_email:
    description:
      - E-mail address of the author and committer of commits.
    type: str
    default: platform@bot-freqtrade.invalid
  ssh_key_file:
    description:
      - File with the private key for a repository behind ssh, whose host key must be known already.
    type: path
  credential_helper:
    description:
      - Value of Git's setting C(credential.helper), such as V(store --file /run/secrets/git).
      - The settings in the user's own Git configuration do not count, those of the host do.
    type: str
  git_cache:
    description:
      - Directory for bare copies of repositories, which save time and may be deleted whenever no module
        runs.
      - Without it, C(bot_freqtrade) in the directory of E(XDG_CACHE_HOME), or in C(~/.cache).
    type: path
  git_timeout:
    description:
      - Seconds that the work with the repository may take, waiting and retries included.
      - After that the module fails with the code V(git_unreachable) or V(git_conflict), which conclude
        nothing.
    type: int
    default: 30
requirements:
  - git >= 2.31
"""
