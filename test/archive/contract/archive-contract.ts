import type { PlaceFactory } from "./archive-place.js";
import { describeCommits } from "./commits.js";
import { describeDamage } from "./damage.js";
import { describeIteration } from "./iteration.js";
import { describeMaintenance } from "./maintenance.js";
import { describeMoves } from "./moves.js";
import { describeOpening } from "./opening.js";
import { describeReading } from "./reading.js";
import { describeStaging } from "./staging.js";
import { usePlace } from "./use-place.js";

/**
 * The tests that an archive of every kind has to pass, in both formats.
 *
 * @param kind - For the tests' titles: `file`.
 * @param newPlace - Makes a place where an archive of this kind can lie. Rejects where that cannot be had.
 */
export function describeArchive(kind: string, newPlace: PlaceFactory): void {
	for (const format of ["columnar", "json"] as const)
		describe(`${kind} archive, ${format}, as every archive`, () => {
			const places = usePlace(newPlace, format);
			describe("opening", () => describeOpening(places));
			describe("reading", () => describeReading(places));
			describe("staging", () => describeStaging(places));
			describe("committing", () => describeCommits(places));
			describe("iterating", () => describeIteration(places));
			describe("removing and compressing", () => describeMaintenance(places));
			describe("moving", () => describeMoves(places));
			describe("damage", () => describeDamage(places));
		});
}
