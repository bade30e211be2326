/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train.checkpoint;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.lora4j.array.io.ArrayBytes;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a checkpoint holds: arrays and single values by name. Everything is read back equal in every bit.
 *
 * <p><b>State.</b> Mutable while it is filled; arrays are copied on the way in and belong to the content. Not for several
 * threads.
 *
 * @apiNote Status: internal
 */
public final class CheckpointContent {

    private final String prefix;
    private final Map<String, INDArray> arrays;
    private final Map<String, String> values;

    /** Makes an empty content. */
    public CheckpointContent() {
        this("", new TreeMap<>(), new TreeMap<>());
    }

    CheckpointContent(String prefix, Map<String, INDArray> arrays, Map<String, String> values) {
        this.prefix = prefix;
        this.arrays = arrays;
        this.values = values;
    }

    /**
     * A part of this content whose names stand behind another name.
     *
     * @param name name of the part
     * @return a view: what is put there is here
     */
    public CheckpointContent part(String name) {
        return new CheckpointContent(prefix + name + ".", arrays, values);
    }

    /**
     * Puts an array.
     *
     * @param name a name
     * @param array FLOAT or DOUBLE with at least one element; copied
     */
    public void put(String name, INDArray array) {
        arrays.put(prefix + name, ArrayBytes.ownCopy(array));
    }

    /**
     * Puts numbers.
     *
     * @param name a name
     * @param numbers at least one
     */
    public void put(String name, DoubleStream numbers) {
        arrays.put(prefix + name, Nd4j.createFromArray(numbers.toArray()));
    }

    /**
     * Puts a value.
     *
     * @param name a name
     * @param value a text, a number or a truth value; written as {@code toString} has it, which is exact for numbers of Java
     */
    public void put(String name, Object value) {
        values.put(prefix + name, String.valueOf(value));
    }

    /**
     * Whether there is a value of this name.
     *
     * @param name a name
     * @return true if so
     */
    public boolean has(String name) {
        return values.containsKey(prefix + name);
    }

    /**
     * An array.
     *
     * @param name its name
     * @return the array, only to be read
     * @throws IllegalStateException if there is none
     */
    public INDArray array(String name) {
        return found(arrays, name);
    }

    /**
     * The arrays of this part.
     *
     * @return arrays by the names under which they were put; a copy of the map
     */
    public Map<String, INDArray> arrays() {
        Map<String, INDArray> own = new TreeMap<>();
        arrays.forEach((name, array) -> {
            if (name.startsWith(prefix)) {
                own.put(name.substring(prefix.length()), array);
            }
        });
        return own;
    }

    /**
     * Numbers.
     *
     * @param name their name
     * @return the numbers
     * @throws IllegalStateException if there are none
     */
    public double[] numbers(String name) {
        return found(arrays, name).data().asDouble();
    }

    /**
     * A text.
     *
     * @param name its name
     * @return the text
     * @throws IllegalStateException if there is none
     */
    public String text(String name) {
        return found(values, name);
    }

    /**
     * A whole number.
     *
     * @param name its name
     * @return the number
     * @throws IllegalStateException if there is none
     */
    public long whole(String name) {
        return Long.parseLong(text(name));
    }

    /**
     * A number.
     *
     * @param name its name
     * @return the number
     * @throws IllegalStateException if there is none
     */
    public double number(String name) {
        return Double.parseDouble(text(name));
    }

    /**
     * A number that may be absent.
     *
     * @param name its name
     * @return the number, or empty if there is none
     */
    public OptionalDouble numberIfAny(String name) {
        return has(name) ? OptionalDouble.of(number(name)) : OptionalDouble.empty();
    }

    private <T> T found(Map<String, T> map, String name) {
        T value = map.get(prefix + name);
        if (value == null) {
            throw new IllegalStateException("checkpoint: it has no \"" + prefix + name
                    + "\"; expected a checkpoint of this version of the library. Start the run anew.");
        }
        return value;
    }

    Map<String, INDArray> allArrays() {
        return arrays;
    }

    Map<String, String> allValues() {
        return values;
    }
}
