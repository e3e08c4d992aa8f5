/**
 * The application permissions that Muster is granted in a tenant of each kind. docs/graph-permissions.md says what each is for;
 * test/contract/permissions-page.test.ts holds the two equal.
 */
export const consent = {
  source: [
    "Application.ReadWrite.OwnedBy",
    "Group.Read.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.ReadWrite.All",
    "User.Read.All",
    "User.ReadUpdate.All",
    "User.RevokeSessions.All",
  ],
  target: [
    "Group.ReadBasic.All",
    "GroupMember.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.Read.All",
  ],
  /** Besides, in targets that assign access packages. */
  accessPackages: ["EntitlementManagement.ReadWrite.All"],
  /** Besides, in targets that give eligibility. */
  eligibleGroups: [
    "PrivilegedAssignmentSchedule.Read.AzureADGroup",
    "PrivilegedAssignmentSchedule.Remove.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
  ],
} as const;
