"""The table of parts, in the order of what they may find."""

from disks import BrokerDiskFull, PgDiskFull
from failover import FailoverLagging, FailoverSync
from machines import MemoryLimit, MissingPartition, Stalls, WallClock
from sessions import CredentialsRotated, Isolation

PARTS = {
    "pg_disk_full": PgDiskFull,
    "broker_disk_full": BrokerDiskFull,
    "failover_sync": FailoverSync,
    "failover_lagging": FailoverLagging,
    "isolation": Isolation,
    "credentials_rotated": CredentialsRotated,
    "wall_clock": WallClock,
    "memory_limit": MemoryLimit,
    "missing_partition": MissingPartition,
    "stalls": Stalls,
}
QUICK = ["credentials_rotated", "pg_disk_full"]
