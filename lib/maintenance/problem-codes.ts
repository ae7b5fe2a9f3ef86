/**
 * Every code that a finding of `verifyArchive` can carry: what it means, and what to do. Faults are damage; notes are
 * oddities that harm nobody, most of which came with foreign data. Codes are stable. docs/verify.md has this table, compared by a test.
 */
export const PROBLEM_CODES = {
	DATA_CORRUPT: {
		severity: "fault",
		meaning: "bytes of a job's data do not check out",
		advice: "take the job from a copy of the archive, or archive it again",
	},
	DATA_UNSUPPORTED: {
		severity: "fault",
		meaning:
			"a job's data have a version or encoding that this release does not know",
		advice: "read it with a newer release",
	},
	DATA_MISSING: {
		severity: "fault",
		meaning: "a job's meta is there without its data",
		advice:
			"take the data from a copy of the archive, archive the job again, or remove it",
	},
	DATA_MISPLACED: {
		severity: "fault",
		meaning: "a job's data are of hosts that it did not run on",
		advice: "find the job whose data they are, or archive the job again",
	},
	DATA_EXTRA: {
		severity: "fault",
		meaning: "there are data beside those that readers take",
		advice: "compare the two, then remove what is not read",
	},
	META_CORRUPT: {
		severity: "fault",
		meaning: "a job's meta is malformed",
		advice: "take it from a copy of the archive, or archive the job again",
	},
	META_MISSING: {
		severity: "fault",
		meaning: "data are there without the meta of their job",
		advice: "take the meta from a copy of the archive, or remove the data",
	},
	META_MISPLACED: {
		severity: "fault",
		meaning: "a job's meta names another job than its place does",
		advice:
			"move the job to the place that its meta names, unless that is taken",
	},
	META_STALE: {
		severity: "fault",
		meaning: "a job's meta tells of another version of its data",
		advice: "archive the job again, or take both from a copy of the archive",
	},
	STATISTICS_WRONG: {
		severity: "fault",
		meaning: "statistics that this archiver wrote are not those of the samples",
		advice: "something has changed them: archive the job again",
	},
	CONFIG_MISSING: {
		severity: "fault",
		meaning:
			"a cluster's configuration is missing; ClusterCockpit does not start without",
		advice:
			"store the cluster's configuration, or remove the cluster's empty place",
	},
	CONFIG_CORRUPT: {
		severity: "fault",
		meaning: "a cluster's configuration is malformed",
		advice: "store the cluster's configuration again",
	},
	LEFTOVER: {
		severity: "fault",
		meaning: "a writer that has ended left something unfinished",
		advice:
			"open the archive for writing once: that finishes it, or clears it away",
	},
	EMPTY: {
		severity: "note",
		meaning: "a folder for jobs is empty, as a write that failed leaves it",
		advice: "nothing: the job fills it when it is archived again; or remove it",
	},
	FOREIGN: {
		severity: "fault",
		meaning: "something lies in the archive that is none of its parts",
		advice: "move it elsewhere, or back to the name that it had",
	},
	STORE_DAMAGED: {
		severity: "fault",
		meaning: "the archive's database does not check out",
		advice: "import the archive into a new one, which takes what can be read",
	},
	UNREADABLE: {
		severity: "fault",
		meaning: "something could not be read, or not be checked",
		advice: "see to the file system, then verify again",
	},
	SCHEMA_BROKEN: {
		severity: "fault",
		meaning:
			"meta or data do not have the structure that ClusterCockpit's schema asks for",
		advice: "archive the job again, or correct what the schema asks for",
	},
	JOB_MISSING: {
		severity: "fault",
		meaning:
			"the database says that a job is archived, and the archive lacks it",
		advice: "take the job from a copy of the archive, or archive it again",
	},
	ROW_MISSING: {
		severity: "fault",
		meaning: "the archive holds a job that the database does not know",
		advice: "enter the job in the database, or remove it from the archive",
	},
	ROW_STATUS: {
		severity: "fault",
		meaning:
			"the archive holds a job whose row does not say that it is archived",
		advice: "archive the job again: that brings both together",
	},
	ROW_DIFFERS: {
		severity: "fault",
		meaning: "a job's row says something else than its meta in the archive",
		advice: "archive the job again: that brings both together",
	},
	STATISTICS_MISSING: {
		severity: "note",
		meaning: "series came without statistics",
		advice: "readers take those of the samples",
	},
	STATISTICS_DIFFER: {
		severity: "note",
		meaning: "statistics that came with the job are not those of its samples",
		advice:
			"readers take those of the samples for series, and the meta's for the job",
	},
	SCHEMA_DIFFERS: {
		severity: "note",
		meaning:
			"meta or data go beyond a list or a bound of ClusterCockpit's schema",
		advice: "nothing: real jobs do",
	},
} as const satisfies Record<
	string,
	{ severity: "fault" | "note"; meaning: string; advice: string }
>;

export type ProblemCode = keyof typeof PROBLEM_CODES;
