import { EventEmitter } from "node:events";

/** `new EventEmitter()` calls this, that of every subclass too. Node documents it no further. */
interface Initialized {
	init(this: EventEmitter, ...options: unknown[]): void;
}

const known = new Set<WeakRef<EventEmitter>>();

/** From now on, every emitter that is made is known, whoever makes it. Keeps none of them alive. */
export function watchEmitters(): void {
	const Emitter = EventEmitter as unknown as Initialized;
	const { init } = Emitter;
	Emitter.init = function (...options) {
		known.add(new WeakRef(this));
		init.apply(this, options);
	};
}

/** The emitters that are there at present, the process included. */
export function livingEmitters(): WeakRef<EventEmitter>[] {
	for (const ref of known) if (ref.deref() === undefined) known.delete(ref);
	return [new WeakRef(process), ...known];
}

/** Listeners of any event on those of the emitters that are still there. */
export function countListeners(
	emitters: readonly WeakRef<EventEmitter>[],
): number {
	let listeners = 0;
	for (const ref of emitters) {
		const emitter = ref.deref();
		for (const event of emitter?.eventNames() ?? [])
			listeners += emitter?.listenerCount(event) ?? 0;
	}
	return listeners;
}
