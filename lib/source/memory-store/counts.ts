/** What became of the samples and lines that the store was given, since it was made. */
export interface StoreCounts {
	/** Samples stored, those that replaced another included. */
	samples: number;
	/** Samples that replaced another one in their slot. */
	duplicates: number;
	/** Samples dropped because they were older than what is kept. */
	late: number;
	/** Samples dropped because they were further ahead of the clock than `maxAheadSeconds`. */
	ahead: number;
	/** Samples dropped because they or their times were no finite numbers. */
	invalid: number;
	/** Samples, or series of a snapshot, dropped because no memory was left for their series or for reaching back to their time. */
	refused: number;
	/** Samples of clusters, metrics or scopes that are not configured, those in a snapshot that was restored included. */
	unknown: number;
	/** Samples within the retention that were given up for the memory cap; no job held them. */
	evicted: number;
	/** Samples that a held job needs and that were given up all the same: nothing else was left to give. */
	evictedHeld: number;
	/** Lines of line protocol, other than empty ones and comments. */
	lines: number;
	/** Those of them that carried no sample that could be read. */
	malformed: number;
}

export function newCounts(): StoreCounts {
	return {
		samples: 0,
		duplicates: 0,
		late: 0,
		ahead: 0,
		invalid: 0,
		refused: 0,
		unknown: 0,
		evicted: 0,
		evictedHeld: 0,
		lines: 0,
		malformed: 0,
	};
}
