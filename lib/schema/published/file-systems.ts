import { each, listOf, object, oneOf, type Rule, text } from "./rules.js";

/** Those of the schema's time. */
const TYPES = ["nfs", "lustre", "gpfs", "beegfs", "nvme", "ssd", "hdd"];
/** Of every file system these two are wanted. */
const WANTED_METRICS = ["read_bw", "write_bw"];
const METRICS = [
	...WANTED_METRICS,
	"read_req",
	"write_req",
	"inodes",
	"accesses",
	"fsync",
	"create",
	"open",
	"close",
	"seek",
];

/** A list of file systems, beside the metrics. @param measured - What each metric of one should be. */
export function fileSystems(measured: Rule): Rule {
	const fileSystem = object({
		properties: {
			name: text,
			type: oneOf(TYPES, "beyond"),
			...each(METRICS, measured),
		},
		required: ["name", "type"],
		wanted: WANTED_METRICS,
	});
	return listOf(fileSystem, { least: 1 });
}
