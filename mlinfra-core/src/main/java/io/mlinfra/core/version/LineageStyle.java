package io.mlinfra.core.version;

/** The look of a lineage, light and dark as the reader's system is. */
final class LineageStyle {
  private static final int KIND_COLORS = 8;

  /** For the drawing and the table; XML and HTML read it alike, for it has none of {@code <&}. */
  static final String COLORS =
      """
      .mlinfra-lineage { --l-page: #f5f6f8; --l-card: #ffffff; --l-line: #d9dfe8; \
      --l-text: #182030; --l-muted: #5a6677; --l-link: #93a0b4; --l-now: #2f6fe4; \
      --l-soft: #eef4ff; --l-k0: #2360c4; --l-k1: #0c7566; --l-k2: #935600; --l-k3: #7337cc; \
      --l-k4: #b02a6b; --l-k5: #39731b; --l-k6: #0a6b7d; --l-k7: #ad3b18; }
      @media (prefers-color-scheme: dark) { .mlinfra-lineage { --l-page: #0f1319; \
      --l-card: #171d27; --l-line: #344053; --l-text: #e5eaf2; --l-muted: #9aa7b9; \
      --l-link: #66758c; --l-now: #6ea6ff; --l-soft: #1b2a45; --l-k0: #7fb0ff; \
      --l-k1: #55cdb9; --l-k2: #f0bb5f; --l-k3: #c19bff; --l-k4: #ff8fc2; --l-k5: #98d673; \
      --l-k6: #62cfe4; --l-k7: #ff9d7c; } }
      .l-k0 { --l-kind: var(--l-k0); } .l-k1 { --l-kind: var(--l-k1); }
      .l-k2 { --l-kind: var(--l-k2); } .l-k3 { --l-kind: var(--l-k3); }
      .l-k4 { --l-kind: var(--l-k4); } .l-k5 { --l-kind: var(--l-k5); }
      .l-k6 { --l-kind: var(--l-k6); } .l-k7 { --l-kind: var(--l-k7); }
      .mlinfra-lineage { font-family: system-ui, -apple-system, "Segoe UI", Roboto, \
      "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
      """;

  static final String SVG =
      """
      svg.mlinfra-lineage { display: block; }
      .mlinfra-lineage .l-paper { fill: var(--l-page); }
      .mlinfra-lineage .l-box { fill: var(--l-card); stroke: var(--l-line); stroke-width: 1; }
      .mlinfra-lineage .l-root { fill: var(--l-soft); stroke: var(--l-now); stroke-width: 2; }
      .mlinfra-lineage .l-bar { fill: var(--l-kind); }
      .mlinfra-lineage .l-link { fill: none; stroke: var(--l-link); stroke-width: 1.5; }
      .mlinfra-lineage .l-head { fill: var(--l-link); stroke: none; }
      .mlinfra-lineage text.l-kind { fill: var(--l-kind); font-size: 10.5px; font-weight: 650; \
      letter-spacing: 0.06em; text-transform: uppercase; }
      .mlinfra-lineage text.l-name { fill: var(--l-text); font-size: 14px; font-weight: 650; }
      .mlinfra-lineage text.l-hash { fill: var(--l-muted); font-size: 11.5px; \
      font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
      .mlinfra-lineage text.l-key { fill: var(--l-muted); font-size: 12px; }
      .mlinfra-lineage text.l-value { fill: var(--l-text); font-size: 12px; \
      font-variant-numeric: tabular-nums; }
      .mlinfra-lineage text.l-alias { fill: var(--l-now); font-weight: 650; }
      """;

  static final String HTML =
      """
      div.mlinfra-lineage { padding: 16px; border-radius: 12px; background: var(--l-page); \
      color: var(--l-text); font-size: 14px; line-height: 1.5; \
      font-variant-numeric: tabular-nums; }
      .mlinfra-lineage p.l-summary { margin: 0 0 12px; }
      .mlinfra-lineage .l-scroll { overflow-x: auto; border: 1px solid var(--l-line); \
      border-radius: 10px; background: var(--l-card); margin: 0 0 16px; }
      .mlinfra-lineage .l-scroll:last-child { margin: 0; }
      .mlinfra-lineage .l-scroll .l-paper { fill: none; }
      .mlinfra-lineage .l-fit svg { width: 100%; height: auto; }
      .mlinfra-lineage table { border-collapse: collapse; width: 100%; margin: 0; \
      font-size: 13px; color: inherit; }
      .mlinfra-lineage caption { position: absolute; width: 1px; height: 1px; overflow: hidden; \
      clip-path: inset(50%); white-space: nowrap; }
      .mlinfra-lineage th { font-size: 12.5px; font-weight: 600; color: var(--l-muted); \
      text-align: left; padding: 10px 14px 8px; white-space: nowrap; background: none; \
      border-bottom: 1px solid var(--l-line); }
      .mlinfra-lineage td { padding: 8px 14px; text-align: left; vertical-align: top; \
      border-top: 1px solid var(--l-line); unicode-bidi: isolate; background: none; }
      .mlinfra-lineage tbody tr:first-child td { border-top: 0; }
      .mlinfra-lineage td.l-role { white-space: nowrap; }
      .mlinfra-lineage tr.l-this td { background: var(--l-soft); }
      .mlinfra-lineage td .l-kind { display: block; color: var(--l-kind); font-size: 10.5px; \
      font-weight: 650; letter-spacing: 0.06em; text-transform: uppercase; }
      .mlinfra-lineage td .l-name { font-weight: 650; overflow-wrap: anywhere; }
      .mlinfra-lineage td .l-item { display: block; overflow-wrap: anywhere; }
      .mlinfra-lineage td .l-key { color: var(--l-muted); }
      .mlinfra-lineage td .l-alias { color: var(--l-now); font-weight: 650; }
      .mlinfra-lineage td .l-hash { color: var(--l-muted); font-size: 11.5px; \
      display: block; width: 32.5ch; overflow-wrap: anywhere; \
      font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
      """;

  private LineageStyle() {}

  static int color(Kind kind) {
    return kind.ordinal() % KIND_COLORS;
  }
}
