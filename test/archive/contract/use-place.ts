import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Archive } from "../../../lib/archive/archive.js";
import type { OpenArchiveOptions } from "../../../lib/archive/open.js";
import type { DataFormat } from "../../../lib/codec/column.js";
import { testCluster } from "../../support/jobs.js";
import type { ArchivePlace, PlaceFactory } from "./archive-place.js";

/** What the contract's tests get at: a fresh place for each of them. */
export interface TestPlace {
	/** Format that the tests are about. */
	readonly format: DataFormat;
	/** The place of the test. */
	here(): ArchivePlace;
	/** Another place of the same kind. */
	elsewhere(): Promise<ArchivePlace>;
	/** Opens the archive of `place`, in the tests' format unless told. It is closed after the test. */
	open(options?: OpenArchiveOptions, place?: ArchivePlace): Promise<Archive>;
	/** As {@link open}, and the archive knows the test cluster. */
	openReady(
		options?: OpenArchiveOptions,
		place?: ArchivePlace,
	): Promise<Archive>;
}

/** Call it within the `describe` of the tests, and use what it returns within a test. */
export function usePlace(
	newPlace: PlaceFactory,
	format: DataFormat,
): TestPlace {
	let folder: string;
	let places: ArchivePlace[];
	let archives: Archive[];

	async function addPlace(): Promise<ArchivePlace> {
		const path = await mkdtemp(join(folder, "place-"));
		const place = await newPlace(path);
		places.push(place);
		return place;
	}

	async function open(
		options?: OpenArchiveOptions,
		place = places[0],
	): Promise<Archive> {
		const archive = await place.open({ format, fsync: false, ...options });
		archives.push(archive);
		return archive;
	}

	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "hpc-job-archiver-test-"));
		places = [];
		archives = [];
		await addPlace();
	});

	afterEach(async () => {
		await Promise.all(archives.map((archive) => archive.close()));
		await Promise.all(places.map((place) => place.close?.()));
		await rm(folder, { recursive: true, force: true });
	});

	return {
		format,
		here: () => places[0],
		elsewhere: addPlace,
		open,
		async openReady(options, place) {
			const archive = await open(options, place);
			await archive.storeClusterConfig("testcluster", testCluster());
			return archive;
		},
	};
}
