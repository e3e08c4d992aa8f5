/** Decides about a path relative to the project ("dist/a.js"). Ask about folders first: nothing below an ignored one is kept. */
export type Ignore = (path: string, kind: "file" | "folder") => boolean;

type Rule = { readonly pattern: RegExp; readonly foldersOnly: boolean; readonly verdict: "ignore" | "keep" };

/**
 * Reads a `.funcignore`, which has the syntax of `.gitignore`: the last rule that matches decides. Understands comments,
 * `/` at the beginning (the project's root) and at the end (folders), `*`, `?`, `**` and `!`.
 */
export function parseFuncignore(text: string): Ignore {
  const rules = text.split(/\r?\n/).flatMap(parseLine);
  return (path, kind) => {
    const last = rules.findLast(
      (rule) => (kind === "folder" || !rule.foldersOnly) && rule.pattern.test(path),
    );
    return last?.verdict === "ignore";
  };
}

function parseLine(line: string): Rule[] {
  const trimmed = line.trim();
  if (trimmed === "" || trimmed.startsWith("#")) return [];
  const keeps = trimmed.startsWith("!");
  const glob = (keeps ? trimmed.slice(1) : trimmed).replace(/\/$/, "");
  return [
    { pattern: toPattern(glob), foldersOnly: trimmed.endsWith("/"), verdict: keeps ? "keep" : "ignore" },
  ];
}

function toPattern(glob: string): RegExp {
  // Without a slash a name counts at any depth; with one the pattern starts at the root.
  const start = glob.includes("/") ? "" : "(?:.*/)?";
  const body = glob
    .replace(/^\//, "")
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => wildcards.get(part) ?? part.replace(/[\\^$.+()[\]{}|]/g, "\\$&"))
    .join("");
  return new RegExp(`^${start}${body}$`);
}

const wildcards = new Map([
  ["**/", "(?:.*/)?"],
  ["**", ".*"],
  ["*", "[^/]*"],
  ["?", "[^/]"],
]);
