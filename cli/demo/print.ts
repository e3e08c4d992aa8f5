import { styleText } from "node:util";
import type { JournalEntry } from "../../shared/state/journal.ts";
import type { MatrixRow } from "./people.ts";
import type { Scene } from "./story.ts";
import type { Moment } from "./timeline.ts";
import type { Told } from "./told.ts";

/** Prints for people. Colours only where a terminal shows them (`styleText` looks at the stream and NO_COLOR). */
export function printer(stream: NodeJS.WriteStream) {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    styleText(format, text, { stream });
  const line = (text = "") => void stream.write(`${text}\n`);
  return {
    line,
    heading: (text: string) => line(`\n${style("bold", text)}`),
    progress: (text: string) => line(style("dim", `  … ${text}`)),
    scene(number: number, { title, expect }: Scene) {
      line(`\n${style("bold", `${number}. ${title}`)}`);
      line(style("dim", `   expect: ${expect}`));
    },
    moments(moments: readonly Moment[]) {
      if (moments.length === 0) line(style("dim", "   nothing was written"));
      const width = Math.max(0, ...moments.map(({ where }) => where.length));
      for (const { afterMs, where, what, result } of moments) {
        line(
          `   ${seconds(afterMs)}  ${style("cyan", where.padEnd(width))}  ${what}${result === "done" ? "" : style("dim", ` (${shortened(result)})`)}`,
        );
      }
    },
    told({ opened, closed }: Told) {
      for (const { found, advice } of opened)
        line(`   ${style("yellow", "people are told")}  ${found}\n       → ${advice}`);
      for (const { found } of closed) line(`   ${style("green", "resolved")}  ${found}`);
    },
    matrix(rows: readonly MatrixRow[]) {
      const targets = rows[0]?.cells.map(({ target }) => target) ?? [];
      const table = [["", ...targets], ...rows.map((row) => [row.person.name, ...row.cells.map(cellText)])];
      const widths =
        table[0]?.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? "").length))) ?? [];
      for (const [index, cells] of table.entries()) {
        const text =
          `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd();
        line(index === 0 ? style("dim", text) : text);
      }
    },
    proof(entries: readonly JournalEntry[]) {
      for (const { target, evidence, sinceEventMs } of entries) {
        line(
          `  ${style("cyan", target ?? "source")}  ${evidenceText(evidence)}  ${style("dim", `proven ${seconds(sinceEventMs).trim()} after the event`)}`,
        );
      }
    },
    verdict(problems: readonly string[]) {
      line();
      const ok = problems.length === 0;
      line(
        style(
          ok ? "green" : "red",
          `What Graph shows is ${ok ? "" : "not "}what the policy says${ok ? "." : ":"}`,
        ),
      );
      for (const problem of problems) line(`  - ${problem}`);
    },
  };
}

/** Graph explains itself at length; `--json` has all of it. */
const longest = 72;
const shortened = (text: string) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

const seconds = (ms: number) => `${(ms / 1000).toFixed(2).padStart(6)} s`;

function cellText({ account, groups: held, eligible }: MatrixRow["cells"][number]): string {
  const groups = [...held, ...eligible.map((name) => `may be ${name}`)];
  if (account === "own") return groups.join(", ") || "no groups";
  if (account === "none") return "no account";
  if (account === "deleted") return "account deleted";
  return `${account === "blocked" ? "blocked: " : ""}${groups.join(", ") || "no groups"}`;
}

function evidenceText(evidence: JournalEntry["evidence"]): string {
  // Written by the access worker in this shape.
  const { account, grants, scope } = evidence as {
    account: { state: string };
    grants: readonly { name: string; seen: string }[];
    scope: { seen: string } | null;
  };
  const held = grants.filter(({ seen }) => seen !== "absent").map(({ name }) => name);
  return `account ${account.state === "none" ? "gone" : account.state}, grants ${held.join(", ") || "none"}${scope === null ? "" : `, scope ${scope.seen}`}`;
}
