import * as z from "zod";

/**
 * Ids are strings that the compiler tells apart: a target's account cannot be passed where an analyst is wanted.
 * Graph compares ids without case but returns them in either, so every GUID is kept in lower case.
 */
export const guidSchema = z.guid().toLowerCase();

export const tenantIdSchema = guidSchema.brand<"TenantId">();
export type TenantId = z.infer<typeof tenantIdSchema>;

/** The object id of an analyst's user in the source tenant. */
export const analystIdSchema = guidSchema.brand<"AnalystId">();
export type AnalystId = z.infer<typeof analystIdSchema>;

/** The object id of the user that stands for an analyst in a target tenant. */
export const accountIdSchema = guidSchema.brand<"AccountId">();
export type AccountId = z.infer<typeof accountIdSchema>;

export const groupIdSchema = guidSchema.brand<"GroupId">();
export type GroupId = z.infer<typeof groupIdSchema>;

export const packageIdSchema = guidSchema.brand<"PackageId">();
export type PackageId = z.infer<typeof packageIdSchema>;

export const assignmentPolicyIdSchema = guidSchema.brand<"AssignmentPolicyId">();
export type AssignmentPolicyId = z.infer<typeof assignmentPolicyIdSchema>;

export const appRoleIdSchema = guidSchema.brand<"AppRoleId">();
export type AppRoleId = z.infer<typeof appRoleIdSchema>;

/**
 * What Graph calls "default access": no role, and the synchronization passes over whoever has no other.
 * https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem
 */
export const defaultAccess = "00000000-0000-0000-0000-000000000000";

export const servicePrincipalIdSchema = guidSchema.brand<"ServicePrincipalId">();
export type ServicePrincipalId = z.infer<typeof servicePrincipalIdSchema>;

// Names become table keys, session ids and stamp values: "/", "\", "#", "?" and ";" would break one of them.
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const nameSchema = z.string().regex(namePattern);

export const targetNameSchema = nameSchema.brand<"TargetName">();
export type TargetName = z.infer<typeof targetNameSchema>;

export const roleNameSchema = nameSchema.brand<"RoleName">();
export type RoleName = z.infer<typeof roleNameSchema>;
