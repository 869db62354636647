package io.mlinfra.warehouse.quality;

import io.mlinfra.core.text.Html;

/** The look of what goes into a notebook, light and dark as the reader's system is. */
final class Look {
  private static final String CSS =
      """
      .mlinfra-quality { --card: #ffffff; --line: #e2e6ec; --text: #182030; --muted: #5a6677; \
      --now: #2f6fe4; --bad: #b42318; --bad-soft: #fdecea; --warn: #8a5300; \
      --warn-soft: #fdf1dc; --good: #17703f; --good-soft: #e6f4ec; \
      color: var(--text); padding: 16px; \
      font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; \
      font-variant-numeric: tabular-nums; }
      @media (prefers-color-scheme: dark) { .mlinfra-quality { --card: #171d27; \
      --line: #2a3341; --text: #e5eaf2; --muted: #9aa7b9; --now: #6ea6ff; --bad: #ff9189; \
      --bad-soft: #43201e; --warn: #f0bb5f; --warn-soft: #3c2d12; --good: #6fd39e; \
      --good-soft: #16351f; background: #0f1319; } }
      .mlinfra-quality p { margin: 0 0 12px; color: var(--muted); }
      .mlinfra-quality .box { background: var(--card); border: 1px solid var(--line); \
      border-radius: 10px; overflow-x: auto; }
      .mlinfra-quality table { border-collapse: collapse; width: 100%; font-size: 13.5px; \
      color: inherit; margin: 0; }
      .mlinfra-quality th { font-size: 12.5px; font-weight: 600; color: var(--muted); \
      text-align: left; padding: 8px 12px; white-space: nowrap; background: none; }
      .mlinfra-quality td { padding: 8px 12px; border-top: 1px solid var(--line); \
      text-align: left; vertical-align: middle; unicode-bidi: isolate; background: none; }
      .mlinfra-quality .n { text-align: right; white-space: nowrap; }
      .mlinfra-quality td.name { font-weight: 600; overflow-wrap: anywhere; \
      min-width: 90px; max-width: 360px; }
      .mlinfra-quality td.values { color: var(--muted); overflow-wrap: anywhere; \
      min-width: 150px; max-width: 280px; font-size: 12.5px; }
      .mlinfra-quality .type { display: block; color: var(--muted); font-size: 12.5px; \
      font-weight: 400; }
      .mlinfra-quality caption { position: absolute; width: 1px; height: 1px; \
      overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
      .mlinfra-quality .badge { border-radius: 999px; padding: 1px 10px; font-size: 12px; \
      font-weight: 600; white-space: nowrap; }
      .mlinfra-quality .bad { color: var(--bad); background: var(--bad-soft); }
      .mlinfra-quality .warn { color: var(--warn); background: var(--warn-soft); }
      .mlinfra-quality .good { color: var(--good); background: var(--good-soft); }
      .mlinfra-quality svg { display: block; }
      .mlinfra-quality svg rect { fill: var(--now); }
      .mlinfra-quality svg line { stroke: var(--line); }
      """;

  private Look() {}

  static Html open() {
    return new Html().markup("<div class=\"mlinfra-quality\">\n<style>\n" + CSS + "</style>\n");
  }

  static String close(Html html) {
    return html.markup("</div>\n").toString();
  }
}
