/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServedBy;
import org.lora4j.text.TaskExporter;
import org.lora4j.text.TaskHead;
import org.lora4j.text.TextEncoder;

/** One generation of what is served under a name. Immutable, but for how many requests have it, which {@link TaskShelf} guards. */
final class TaskEntry {

    private final ServedBy by;
    private final TaskKind kind;
    private final Optional<TaskHead<?, ?>> head;
    private final TextEncoder encoder;
    private final String factors;
    private final Optional<Path> directory;
    private final AdapterMeter meter;

    // Guarded by the shelf.
    private int active;
    private boolean retired;

    /**
     * A generation.
     *
     * @param head empty for the base
     * @param factors the name under which the server of adapters has its factors; {@link AdapterServer#BASE} if it has none
     */
    TaskEntry(
            ServedBy by,
            TaskKind kind,
            Optional<TaskHead<?, ?>> head,
            TextEncoder encoder,
            String factors,
            Optional<Path> directory,
            AdapterMeter meter) {
        this.by = by;
        this.kind = kind;
        this.head = head;
        this.encoder = encoder;
        this.factors = factors;
        this.directory = directory;
        this.meter = meter;
    }

    ServedBy by() {
        return by;
    }

    TaskKind kind() {
        return kind;
    }

    TextEncoder encoder() {
        return encoder;
    }

    String factors() {
        return factors;
    }

    AdapterMeter meter() {
        return meter;
    }

    /** The head, as its kind says: whoever asks has compared it. */
    @SuppressWarnings("unchecked")
    <I, P> TaskHead<I, P> head() {
        return (TaskHead<I, P>) head.orElseThrow();
    }

    /** What the head makes of vectors. */
    float[] numbers(float[] vectors) {
        return checked(head().numbers(vectors));
    }

    /** The same numbers; NaN and infinity are no answers. */
    float[] checked(float[] numbers) {
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw new IllegalStateException("TextServer: the answer of adapter " + MessageText.name(by.adapter())
                        + " holds " + number
                        + "; expected finite numbers. Its weights are too large or damaged: train it again, and unload"
                        + " this one.");
            }
        }
        return numbers;
    }

    LoadedTask described(long bytesOfFactors, List<String> differences, Set<String> storedAs) {
        return new LoadedTask(
                by.adapter(),
                kind,
                by,
                head.<List<String>>map(TaskHead::names).orElse(List.of()),
                head.filter(of -> of.meaning() == TaskExporter.Head.SEVERAL_CLASSES && kind != TaskKind.RELEVANCE)
                        .isPresent(),
                directory,
                bytesOfFactors + head.map(TaskHead::bytes).orElse(0L),
                active,
                differences,
                storedAs);
    }

    void lend() {
        active++;
    }

    /** Whether this was the last request of a generation that is no longer served. */
    boolean takeBack() {
        active--;
        return isFree();
    }

    /** No request takes it any more; says whether none has it. */
    boolean retire() {
        retired = true;
        return isFree();
    }

    private boolean isFree() {
        return retired && active == 0;
    }
}
