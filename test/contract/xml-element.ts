import { XMLParser } from "fast-xml-parser";

/** One XML element: attributes under `@name`, child elements under their name, always as lists. */
export type XmlElement = { readonly [name: string]: unknown };

export function parseXml(xml: string): XmlElement {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    parseTagValue: false,
    // Only descriptions contain entities, and nobody reads those here.
    processEntities: false,
    isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
  });
  const document: unknown = parser.parse(xml);
  return isElement(document) ? document : {};
}

export function children(element: XmlElement, name: string): readonly XmlElement[] {
  const found = element[name];
  return Array.isArray(found) ? found.filter(isElement) : [];
}

export function texts(element: XmlElement, name: string): readonly string[] {
  const found = element[name];
  return Array.isArray(found) ? found.filter((child) => typeof child === "string") : [];
}

export function attribute(element: XmlElement, name: string): string | undefined {
  const value = element[`@${name}`];
  return typeof value === "string" ? value : undefined;
}

export function requiredAttribute(element: XmlElement, name: string): string {
  const value = attribute(element, name);
  if (value === undefined)
    throw new Error(`metadata: an element has no ${name}: ${JSON.stringify(element).slice(0, 120)}`);
  return value;
}

function isElement(value: unknown): value is XmlElement {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
