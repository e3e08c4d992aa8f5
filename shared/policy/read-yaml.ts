import { parseDocument, type Document } from "yaml";
import { placeIn, type Position } from "./position.ts";
import type { Finding, Path } from "./problem.ts";
import { nestedTooDeeply, valuesOf, wrong, type Mistake } from "./yaml-values.ts";

/** A mistake at a place in the text. */
export type PlacedFinding = Finding & Position;

export type YamlRead =
  | {
      readonly kind: "read";
      readonly value: unknown;
      /** Where a path's last key (or list item) stands; for a key that is missing, where its parent stands. */
      readonly locate: (path: Path) => Position;
      /** Mistakes that leave the rest of the file readable. */
      readonly findings: readonly PlacedFinding[];
    }
  | { readonly kind: "unreadable"; readonly findings: readonly PlacedFinding[] };

/** YAML 1.2 core to plain values, with a position for each. */
export function readYaml(text: string): YamlRead {
  const place = placeIn(text);
  // Duplicate keys are found below, where both positions are known.
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const syntax = syntaxMistakes(document);
  if (syntax.length > 0) return { kind: "unreadable", findings: placeAll(syntax, place) };

  const converted = valuesOf(document, (offset) => place(offset).line);
  const findings = placeAll(converted.mistakes, place);
  if (converted.isBroken) return { kind: "unreadable", findings };
  return {
    kind: "read",
    value: converted.value,
    findings,
    locate: (path) => place(converted.nearestOffset(path)),
  };
}

function placeAll(mistakes: readonly Mistake[], place: (offset: number) => Position): PlacedFinding[] {
  return mistakes.map(({ offset, ...finding }) => ({ ...finding, ...place(offset) }));
}

const syntaxHints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "check the indentation and the closing bracket",
  BLOCK_AS_IMPLICIT_KEY: "check the indentation",
  NON_STRING_KEY: "put the key in quotes",
  TAG_RESOLVE_FAILED: "remove the tag",
  MISSING_CHAR: "check quotes, colons and commas here and on the line before",
};

function syntaxMistakes(document: Document.Parsed): Mistake[] {
  const tooDeep = document.errors.find((error) => error.code === "RESOURCE_EXHAUSTION");
  if (tooDeep !== undefined) return [nestedTooDeeply(tooDeep.pos[0], [])];
  // After a token in the wrong place the parser no longer knows where it is, and calls each one that follows wrong.
  const lost = document.errors.find((error) => error.code === "UNEXPECTED_TOKEN");
  const errors = document.errors.filter((error) => error.code !== "UNEXPECTED_TOKEN" || error === lost);
  const mistakes = [...errors, ...document.warnings].map(({ code, message, pos }) => {
    if (code === "MULTIPLE_DOCS")
      return wrong(pos[0], [], "a second document starts here", 'remove the "---"');
    if (code === "NON_STRING_KEY") return wrong(pos[0], [], "a key must be plain text", syntaxHints[code]);
    return wrong(pos[0], [], `not valid YAML: ${message}`, syntaxHints[code]);
  });
  const { version, explicit } = document.directives.yaml;
  if (explicit === true && version !== "1.2") {
    mistakes.push(
      wrong(0, [], `YAML ${version} is not read`, "remove the %YAML line; policies are YAML 1.2"),
    );
  }
  return mistakes;
}
