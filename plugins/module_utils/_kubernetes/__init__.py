# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 The bot_freqtrade.platform founders
# This is PRIVATE to the collection: other code must not import it.

"""The Kubernetes API, and what the platform asks and concludes by it."""

from __future__ import annotations

from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.applying import (
    apply_all,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.client import (
    APP_PROJECTS,
    APPLICATION_SETS,
    APPLICATIONS,
    Cluster,
    connect,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.exposure import (
    remove_load_balancers,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.kubeconfig import client_of
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.options import (
    ARGUMENT_SPEC,
    cluster_of,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.polling import Stopwatch
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.sync import (
    Synchronisation,
    Target,
)
from ansible_collections.bot_freqtrade.platform.plugins.module_utils._kubernetes.watch import HealthWatch

__all__ = (
    "APPLICATIONS",
    "APPLICATION_SETS",
    "APP_PROJECTS",
    "ARGUMENT_SPEC",
    "Cluster",
    "HealthWatch",
    "Stopwatch",
    "Synchronisation",
    "Target",
    "apply_all",
    "client_of",
    "cluster_of",
    "connect",
    "remove_load_balancers",
)
