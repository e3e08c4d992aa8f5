import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  visit,
  type Alias,
  type Document,
  type Node,
  type YAMLMap,
} from "yaml";
import { show, type Finding, type Path } from "./problem.ts";

/** A mistake at an offset in the text. */
export type Mistake = Finding & { readonly offset: number };

// A thousand targets need about twenty thousand values; a file of aliases to aliases soon needs billions.
const mostValues = 200_000;
const deepest = 50;

export type YamlValues = {
  readonly value: unknown;
  /** Of a path's last key (or list item), or of the nearest parent that the text has. */
  readonly nearestOffset: (path: Path) => number;
  readonly mistakes: readonly Mistake[];
  readonly isBroken: boolean;
};

/**
 * Follows aliases itself instead of `toJS({ maxAliasCount })`: that option counts aliases, not the values they stand
 * for, and it throws without saying where.
 */
export function valuesOf(document: Document.Parsed, lineOf: (offset: number) => number): YamlValues {
  const anchored = anchorsOf(document);
  const offsets = new Map<string, number>();
  const mistakes: Mistake[] = [];
  let isBroken = false;
  let values = 0;

  function stop(mistake: Mistake): undefined {
    mistakes.push(mistake);
    isBroken = true;
  }

  function toValue(node: unknown, path: Path, depth: number): unknown {
    if (isBroken) return undefined;
    const offset = offsetOf(node);
    if (depth > deepest) return stop(nestedTooDeeply(offset, path.slice(0, 1)));
    if (++values > mostValues) return stop(tooManyValues(offset, path.slice(0, 1)));
    if (isAlias(node)) return fromAlias(node, path, depth);
    if (isMap(node)) return fromMap(node, path, depth);
    if (isSeq(node)) return node.items.map((item, index) => fromItem(item, [...path, index], depth));
    return isScalar(node) ? node.value : null;
  }

  function fromAlias(alias: Alias, path: Path, depth: number): unknown {
    const node = anchored.get(alias);
    if (node !== undefined) return toValue(node, path, depth + 1);
    const hint = `write &${alias.source} before the value that it stands for, further up`;
    return stop(
      wrong(offsetOf(alias), path, `no anchor named "${alias.source}" comes before this alias`, hint),
    );
  }

  function fromItem(item: unknown, path: Path, depth: number): unknown {
    offsets.set(pathKey(path), offsetOf(item));
    return toValue(item, path, depth + 1);
  }

  function fromMap(map: YAMLMap, path: Path, depth: number): unknown {
    const value: Record<string, unknown> = {};
    const seen = new Map<string, number>();
    for (const pair of map.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const offset = offsetOf(pair.key);
      const first = seen.get(key);
      const mistake = first === undefined ? keyMistake(key) : givenTwice(key, lineOf(first));
      if (mistake !== undefined) {
        mistakes.push(wrong(offset, [...path, key], mistake.message, mistake.hint));
        continue;
      }
      seen.set(key, offset);
      offsets.set(pathKey([...path, key]), offset);
      value[key] = toValue(pair.value, [...path, key], depth + 1);
    }
    return value;
  }

  const value = toValue(document.contents, [], 0);
  return { value, mistakes, isBroken, nearestOffset: (path) => nearest(offsets, path) };
}

export function wrong(offset: number, path: Path, message: string, hint?: string): Mistake {
  return { kind: "wrong", offset, path, message, hint };
}

export function nestedTooDeeply(offset: number, path: Path): Mistake {
  const hint = "a policy needs six; an alias must not contain itself";
  return wrong(offset, path, `nested more than ${deepest} levels deep`, hint);
}

/** What each alias stands for: the nearest anchor of its name above it. */
function anchorsOf(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const byName = new Map<string, Node>();
  const byAlias = new Map<Alias, Node>();
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) byName.set(node.anchor, node);
        return;
      }
      const meant = byName.get(node.source);
      if (meant !== undefined) byAlias.set(node, meant);
    },
  });
  return byAlias;
}

type Words = { readonly message: string; readonly hint: string };

function givenTwice(key: string, firstLine: number): Words {
  return { message: `${show(key)} is given twice`, hint: `the first is on line ${firstLine}` };
}

function keyMistake(key: string): Words | undefined {
  switch (key) {
    case "<<":
      return { message: "merge keys are not part of YAML 1.2", hint: "write the keys out, or use a profile" };
    // Assigning this key would change what the object is instead of what it holds.
    case "__proto__":
      return { message: '"__proto__" cannot be a key', hint: "choose another name" };
    default:
      return undefined;
  }
}

function tooManyValues(offset: number, path: Path): Mistake {
  const message = `more than ${mostValues} values once aliases are followed`;
  return wrong(offset, path, message, "use a profile instead of aliases to aliases");
}

function offsetOf(node: unknown): number {
  const range: unknown =
    typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === "number" ? start : 0;
}

function nearest(offsets: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsets.get(pathKey(path.slice(0, length)));
    if (offset !== undefined) return offset;
  }
  return 0;
}

function pathKey(path: Path): string {
  return JSON.stringify(path);
}
