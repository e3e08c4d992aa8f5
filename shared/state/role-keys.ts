import type { TableClient } from "@azure/data-tables";
import { z } from "zod";
import { keyRowSchema, keyTable, type KeyTable } from "./key-state.ts";

/** Table RoleKeys: the clocks of what is compared as a whole: each role group, and the roles that attributes give. */
export type RoleKeys = KeyTable<null>;

export const roleKeyRow = (name: string) => ({ partitionKey: "role", rowKey: name });

const rows = keyRowSchema(z.null());

export const roleKeys = (table: TableClient): RoleKeys => keyTable(table, { schema: rows, first: null });
