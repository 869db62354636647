package io.mlinfra.monitoring;

/** The look of reports, light and dark as the reader's system is. */
final class Style {
  /** For a page of our own only. */
  static final String PAGE =
      """
      html { background: #f5f6f8; }
      @media (prefers-color-scheme: dark) { html { background: #0f1319; } }
      body { margin: 0; }
      main.mlinfra { box-sizing: border-box; max-width: 1240px; margin: 0 auto; \
      padding: 36px 28px 64px; }
      """;

  /** For a fragment in somebody else's page. */
  static final String FRAGMENT =
      """
      div.mlinfra { padding: 16px; border-radius: 12px; }
      """;

  /** For pages and fragments; everything stands below the class {@code mlinfra}. */
  static final String CSS =
      """
      .mlinfra { --page: #f5f6f8; --card: #ffffff; --line: #e2e6ec; --text: #182030; \
      --muted: #5a6677; --was: #b9c4d4; --now: #2f6fe4; --grid: #eceff3; \
      --bad: #b42318; --bad-soft: #fdecea; --warn: #8a5300; --warn-soft: #fdf1dc; \
      --good: #17703f; --good-soft: #e6f4ec; --none: #5a6677; --none-soft: #edf0f4;
        color: var(--text); background: var(--page); \
      font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", \
      "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; }
      @media (prefers-color-scheme: dark) { .mlinfra { --page: #0f1319; --card: #171d27; \
      --line: #2a3341; --text: #e5eaf2; --muted: #9aa7b9; --was: #56657c; --now: #6ea6ff; \
      --grid: #232b38; --bad: #ff9189; --bad-soft: #43201e; --warn: #f0bb5f; \
      --warn-soft: #3c2d12; --good: #6fd39e; --good-soft: #16351f; --none: #9aa7b9; \
      --none-soft: #252d3a; } }
      .mlinfra h1 { font-size: 28px; line-height: 1.2; font-weight: 650; \
      letter-spacing: -0.015em; margin: 0 0 20px; overflow-wrap: anywhere; }
      .mlinfra h2 { font-size: 19px; font-weight: 650; letter-spacing: -0.01em; \
      margin: 40px 0 12px; overflow-wrap: anywhere; }
      .mlinfra h3 { font-size: 15px; font-weight: 650; margin: 0; overflow-wrap: anywhere; \
      unicode-bidi: isolate; }
      .mlinfra p { margin: 0 0 12px; }
      .mlinfra .muted { color: var(--muted); font-size: 12.5px; font-weight: 400; }
      .mlinfra p.note { margin: 10px 2px; }
      .mlinfra .card p.muted { margin: 6px 0 0; }
      .mlinfra .card { display: flex; flex-direction: column; }
      .mlinfra .facts { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 16px; }
      .mlinfra .fact { background: var(--card); border: 1px solid var(--line); \
      border-radius: 10px; padding: 12px 16px; min-width: 110px; }
      .mlinfra .fact dt { color: var(--muted); font-size: 12.5px; margin: 0; }
      .mlinfra .fact dd { font-size: 22px; line-height: 1.3; font-weight: 650; margin: 2px 0 0; \
      letter-spacing: -0.01em; overflow-wrap: anywhere; }
      .mlinfra .fact.bad dd { color: var(--bad); }
      .mlinfra .fact.warn dd { color: var(--warn); }
      .mlinfra .fact.good dd { color: var(--good); }
      .mlinfra .box { background: var(--card); border: 1px solid var(--line); \
      border-radius: 10px; overflow-x: auto; }
      .mlinfra .own { padding: 16px 18px; }
      .mlinfra .grid { display: grid; gap: 16px; margin-top: 16px; \
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); }
      .mlinfra .card { padding: 16px 18px 14px; }
      .mlinfra .head { display: flex; align-items: baseline; gap: 8px; margin-bottom: 8px; }
      .mlinfra .head .badge { margin-left: auto; }
      .mlinfra table.data { border-collapse: collapse; width: 100%; font-size: 13.5px; \
      color: inherit; margin: 0; }
      .mlinfra table.data th { font-size: 12.5px; font-weight: 600; color: var(--muted); \
      text-align: left; padding: 10px 14px 8px; border-bottom: 1px solid var(--line); \
      white-space: nowrap; background: none; }
      .mlinfra table.data td { padding: 8px 14px; border-top: 1px solid var(--line); \
      text-align: left; vertical-align: middle; unicode-bidi: isolate; background: none; }
      .mlinfra table.data tbody tr:first-child td { border-top: 0; }
      .mlinfra table.data .n { text-align: right; white-space: nowrap; }
      .mlinfra table.data td.name { font-weight: 600; overflow-wrap: anywhere; \
      min-width: 90px; max-width: 260px; }
      .mlinfra table.data td.values { color: var(--muted); overflow-wrap: anywhere; \
      min-width: 150px; max-width: 280px; font-size: 12.5px; }
      .mlinfra table.wide th, .mlinfra table.wide td { padding-left: 9px; padding-right: 9px; }
      .mlinfra table.wide .type { display: block; }
      .mlinfra .type { color: var(--muted); font-size: 12.5px; font-weight: 400; }
      .mlinfra table.small { margin-top: auto; font-size: 12.5px; }
      .mlinfra table.small th, .mlinfra table.small td { padding: 3px 0 3px 10px; border: 0; }
      .mlinfra table.small tbody tr + tr > * { border-top: 1px solid var(--line); }
      .mlinfra table.small th[scope="row"] { padding-left: 0; font-weight: 400; }
      .mlinfra caption { position: absolute; width: 1px; height: 1px; overflow: hidden; \
      clip-path: inset(50%); white-space: nowrap; }
      .mlinfra .badge { display: inline-block; border-radius: 999px; padding: 1px 10px; \
      font-size: 12px; font-weight: 600; white-space: nowrap; }
      .mlinfra .badge.bad { color: var(--bad); background: var(--bad-soft); }
      .mlinfra .badge.warn { color: var(--warn); background: var(--warn-soft); }
      .mlinfra .badge.good { color: var(--good); background: var(--good-soft); }
      .mlinfra .badge.none { color: var(--none); background: var(--none-soft); }
      .mlinfra ul.changes { margin: 0 0 16px; padding: 10px 16px 10px 34px; \
      background: var(--warn-soft); color: var(--warn); border-radius: 10px; \
      overflow-wrap: anywhere; }
      .mlinfra .card .legend { margin-bottom: 6px; }
      .mlinfra .legend { display: flex; gap: 16px; flex-wrap: wrap; color: var(--muted); \
      font-size: 12.5px; margin: 0; }
      .mlinfra .key { display: inline-block; width: 10px; height: 10px; border-radius: 2px; \
      margin-right: 6px; }
      .mlinfra .key.was { background: var(--was); }
      .mlinfra .key.now { background: var(--now); }
      .mlinfra svg { display: block; }
      .mlinfra svg.chart { width: 100%; height: auto; margin-bottom: 6px; }
      .mlinfra svg.inline { display: inline-block; vertical-align: middle; margin-left: 10px; }
      .mlinfra svg text { fill: var(--muted); font-size: 11px; font-family: inherit; }
      .mlinfra svg text.label { fill: var(--text); font-size: 12px; }
      .mlinfra svg .was { fill: var(--was); }
      .mlinfra svg .now { fill: var(--now); }
      .mlinfra svg .soft { fill: var(--now); fill-opacity: 0.14; }
      .mlinfra svg .step { fill: none; stroke: var(--now); stroke-width: 2; \
      stroke-linejoin: round; }
      .mlinfra svg .grid { stroke: var(--grid); stroke-width: 1; }
      .mlinfra svg .axis { stroke: var(--line); stroke-width: 1; }
      .mlinfra svg .track { fill: var(--grid); }
      .mlinfra svg .bad { fill: var(--bad); }
      .mlinfra svg .warn { fill: var(--warn); }
      .mlinfra svg .good { fill: var(--good); }
      .mlinfra svg .none { fill: var(--was); }
      .mlinfra svg .mark { stroke: var(--text); stroke-width: 1; stroke-opacity: 0.55; }
      .mlinfra svg .hover { fill: transparent; }
      .mlinfra svg .hover:hover { fill: var(--text); fill-opacity: 0.07; }
      @media print { .mlinfra .card, .mlinfra table.data tr { break-inside: avoid; } }
      """;

  private Style() {}
}
