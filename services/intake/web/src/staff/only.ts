// What only is shown of a list of orders, as the API has it; names are in texts.onlyNames.
export const ONLY: Record<string, { overdue?: number; urgency?: string }> = {
  "": {},
  overdue: { overdue: 1 },
  urgent: { urgency: "urgent" },
};
