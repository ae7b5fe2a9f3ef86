import { randomFrom } from "./synthetic-random.js";

/** How a node's total is shared out among its devices. */
export interface Parts {
	/** Rising; the share of the total that a device and all before it have on average. The last is 1. */
	boundaries: Float64Array;
	/** How far the boundaries move from sample to sample: by less than half the smallest share. */
	jitter: number;
}

/**
 * Shares that differ a little from device to device, as loads on cores do.
 *
 * @param weights - One a device, positive: what its share is in proportion to.
 * @param imbalance - How much more than its due a device may get at most, as a fraction of it, 0 to 0.5.
 */
export function partsOf(
	weights: readonly number[],
	imbalance: number,
	hash: number,
): Parts {
	const random = randomFrom(hash);
	// A share comes to at most (1 + spread) / (1 - spread) of its due, and moving both its boundaries adds a sixth of
	// the imbalance at most. Up to 0.5 the two stay below 1 + imbalance.
	const spread = imbalance / 3;
	const shares = weights.map(
		(weight) => weight * (1 + spread * (2 * random() - 1)),
	);
	const total = shares.reduce((sum, share) => sum + share, 0);
	const boundaries = new Float64Array(shares.length);
	let boundary = 0;
	for (const [index, share] of shares.entries()) {
		boundary += share / total;
		boundaries[index] = boundary;
	}
	if (shares.length > 0) boundaries[shares.length - 1] = 1;
	return {
		boundaries,
		jitter: ((imbalance / 12) * Math.min(...shares)) / total,
	};
}
