/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A variable of a graph as a plan sees it. */
final class PlannedValue {

    /** Where its array comes from. */
    enum Place {
        /** The caller's, another at each run. */
        GIVEN,
        /** The graph's: a weight, looked up at each run. */
        LEAF,
        /** Known when the plan was made: it depends on nothing but shapes and small integer constants. */
        KNOWN,
        /** Part of the arena. */
        ARENA,
        /** New at each run, and the caller's afterwards. */
        RESULT
    }

    private final String name;
    private final Place place;
    private final DataType type;
    private final long[] shape;
    private final INDArray array;
    private final PlannedValue viewed;
    private int firstStep;
    private int lastStep;
    private long offset;

    private PlannedValue(String name, Place place, DataType type, long[] shape, INDArray array, PlannedValue viewed) {
        this.name = name;
        this.place = place;
        this.type = type;
        this.shape = shape;
        this.array = array;
        this.viewed = viewed;
    }

    /** One with an array: given, of the graph, or known. */
    static PlannedValue of(String name, Place place, INDArray array) {
        return new PlannedValue(name, place, array.dataType(), array.shape(), array, null);
    }

    /** One that a step computes, into the arena or for the caller. */
    static PlannedValue computed(String name, boolean result, DataType type, long[] shape) {
        return new PlannedValue(name, result ? Place.RESULT : Place.ARENA, type, shape, null, null);
    }

    /** The same in BF16, for which a plan has memory. */
    PlannedValue rounded(String other) {
        return new PlannedValue(other, Place.ARENA, DataType.BFLOAT16, shape, null, null);
    }

    /** A value to be computed once more. */
    PlannedValue again() {
        return new PlannedValue(name, place, type, shape, null, null);
    }

    /** The same elements in another shape. */
    PlannedValue viewAs(String other, long[] otherShape) {
        return new PlannedValue(other, place, type, otherShape, null, base());
    }

    /** The value that this one is a view of, or itself. */
    PlannedValue base() {
        return viewed == null ? this : viewed;
    }

    void computedAt(int step) {
        firstStep = step;
        lastStep = step;
    }

    void neededAt(int step) {
        PlannedValue base = base();
        base.lastStep = Math.max(base.lastStep, step);
    }

    String name() {
        return name;
    }

    Place place() {
        return place;
    }

    DataType type() {
        return type;
    }

    long[] shape() {
        return shape;
    }

    /** The array of a value that has one; of a given value or a leaf the one that the plan was made with. */
    INDArray array() {
        return array;
    }

    PlanStep.Operand operand() {
        return new PlanStep.Operand(name, type, Arrays.stream(shape).boxed().toList(), place == Place.LEAF);
    }

    boolean isView() {
        return viewed != null;
    }

    int firstStep() {
        return firstStep;
    }

    long bytes() {
        long bytes = MemoryPlacement.length(shape) * type.width();
        return (bytes + Arena.ALIGNMENT - 1) / Arena.ALIGNMENT * Arena.ALIGNMENT;
    }

    boolean overlapsInTime(PlannedValue other) {
        return firstStep <= other.lastStep && other.firstStep <= lastStep;
    }

    void placeAt(long place) {
        this.offset = place;
    }

    long offset() {
        return base().offset;
    }
}
