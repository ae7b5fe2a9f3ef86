import { object, oneOf } from "./rules.js";

const BASES = ["", "B", "B/s", "F", "F/s", "Hz", "IPC", "CPI", "J", "W", "°C"];
const PREFIXES = ["K", "M", "G", "T", "P", "E"];

/** Sites measure in other units than the schema lists, so those are let go beyond it. */
export const unit = object({
	properties: {
		base: oneOf(BASES, "beyond"),
		prefix: oneOf(PREFIXES, "beyond"),
	},
	required: ["base"],
});
