/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.Arrays;
import java.util.function.ObjLongConsumer;

/** What takes turns. */
enum Contender {
    STOCK_STEP("stockStep", "stock Adam, step", (spent, time) -> spent.stockStep = time),
    LORA_STEP("loraStep", "LoRA in view, step", (spent, time) -> spent.loraStep = time),
    LOW_MEMORY_STEP("lowMemoryStep", "LoRA low memory, step", (spent, time) -> spent.lowMemoryStep = time),
    STOCK_OUTPUT("stockOutput", "stock, output", (spent, time) -> spent.stockOutput = time),
    ACTIVE_OUTPUT("activeOutput", "LoRA active, output", (spent, time) -> spent.activeOutput = time),
    MERGED_OUTPUT("mergedOutput", "LoRA merged, output", (spent, time) -> spent.mergedOutput = time),
    STOCK_TIME_STEP("stockTimeStep", "stock, rnnTimeStep", (spent, time) -> spent.stockTimeStep = time),
    ACTIVE_TIME_STEP("activeTimeStep", "LoRA active, rnnTimeStep", (spent, time) -> spent.activeTimeStep = time);

    private final String counter;
    private final String label;
    private final ObjLongConsumer<Spent> record;

    Contender(String counter, String label, ObjLongConsumer<Spent> record) {
        this.counter = counter;
        this.label = label;
        this.record = record;
    }

    /** The name of its field in {@link Spent}. */
    String counter() {
        return counter;
    }

    static Contender ofCounter(String counter) {
        return Arrays.stream(values())
                .filter(contender -> contender.counter.equals(counter))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("counter '" + counter + "': no contender has it"));
    }

    String label() {
        return label;
    }

    void record(Spent spent, long nanoseconds) {
        record.accept(spent, nanoseconds);
    }
}
