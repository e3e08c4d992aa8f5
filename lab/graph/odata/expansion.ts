/** An `$expand`, parsed: what to show of each navigation, and what behind it. */
export type Expansion = ReadonlyMap<string, ExpandedPart>;
type ExpandedPart = { readonly select: readonly string[] | undefined; readonly expand: Expansion };

export const nothingExpanded: Expansion = new Map();

/** `target($select=id;$expand=connectedOrganization),accessPackage`; throws a `SyntaxError` for what is none. */
export function parseExpansion(text: string): Expansion {
  return new Map(split(text, ",").map((part) => readPart(part.trim())));
}

function readPart(part: string): [string, ExpandedPart] {
  const match = /^(\*|\w+)(?:\((.*)\))?$/s.exec(part);
  const name = match?.[1];
  if (name === undefined) throw new SyntaxError(`Syntax error in '${part}'.`);
  const options = new Map(
    split(match?.[2] ?? "", ";")
      .filter((option) => option.trim() !== "")
      .map((option) => readOption(option)),
  );
  const [select, expand] = [options.get("$select"), options.get("$expand")];
  return [
    name,
    {
      select: select?.split(",").map((each) => each.trim()),
      expand: expand === undefined ? nothingExpanded : parseExpansion(expand),
    },
  ];
}

function readOption(option: string): [string, string] {
  const equals = option.indexOf("=");
  const name = option.slice(0, equals).trim();
  if (name !== "$select" && name !== "$expand")
    throw new SyntaxError(`'${option}' is no option the lab knows here.`);
  return [name, option.slice(equals + 1)];
}

/** Splits where no parenthesis is open. */
function split(text: string, separator: "," | ";"): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === separator && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}
