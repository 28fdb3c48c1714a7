"""[health]: who is told how the box is."""

import msgspec


class HealthSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[health]: `prometheus` is the text file for a node_exporter, which ends in .prom; "" none."""

    prometheus: str = ""

    def __post_init__(self) -> None:
        file = self.prometheus
        if file and not (file.startswith("/") and file.endswith(".prom")):
            raise ValueError(
                "prometheus: a path like /var/lib/node_exporter/textfile/antiphon.prom"
            )
