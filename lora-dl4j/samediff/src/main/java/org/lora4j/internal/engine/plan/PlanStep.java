/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What a step of a plan does.
 *
 * @param work name of the op, or of the kernel where the op only carries it
 * @param inputs what it reads
 * @param outputs what it writes
 * @param multiplications of its matrix products, each with an addition; 0 where it has none
 * @apiNote Status: internal
 */
public record PlanStep(String work, List<Operand> inputs, List<Operand> outputs, long multiplications) {

    private static final double MILLION = 1e6;

    /**
     * An array of a step.
     *
     * @param name name of the variable
     * @param type type of its elements
     * @param weight whether it is a leaf of the graph
     */
    public record Operand(String name, DataType type, List<Long> shape, boolean weight) {

        /** How much memory it takes. */
        public long bytes() {
            return length() * type.width();
        }

        /** How many elements it has. */
        public long length() {
            return shape.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
        }

        @Override
        public String toString() {
            return (weight ? "weight " : "") + shape + (type == DataType.FLOAT ? "" : " " + type);
        }
    }

    @Override
    public String toString() {
        return outputs.stream().map(Operand::name).collect(Collectors.joining(", ")) + " " + outputs + " = " + work
                + inputs.stream().map(Operand::toString).collect(Collectors.joining(", ", "(", ")"))
                + (multiplications == 0
                        ? ""
                        : String.format(Locale.ROOT, ", %.1f MFLOP", 2 * multiplications / MILLION));
    }
}
