/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.checkpoint;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.lora4j.internal.array.io.ArrayBytes;
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

    private static final int MOST_SHOWN = 100;

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
     * @return a view: what is put there is here
     */
    public CheckpointContent part(String name) {
        return new CheckpointContent(prefix + name + ".", arrays, values);
    }

    /**
     * Puts an array.
     *
     * @param array FLOAT or DOUBLE with at least one element; copied
     */
    public void put(String name, INDArray array) {
        arrays.put(prefix + name, ArrayBytes.ownCopy(array));
    }

    /** Puts numbers. */
    public void put(String name, DoubleStream numbers) {
        arrays.put(prefix + name, Nd4j.createFromArray(numbers.toArray()));
    }

    /**
     * Puts a value.
     *
     * @param value a text, a number or a truth value; written as {@code toString} has it, which is exact for numbers of Java
     */
    public void put(String name, Object value) {
        values.put(prefix + name, String.valueOf(value));
    }

    /**
     * Whether there is a value of this name.
     *
     * @return true if so
     */
    public boolean has(String name) {
        return values.containsKey(prefix + name);
    }

    /**
     * An array like another one.
     *
     * @param like has its type and its shape
     * @return the array, only to be read
     * @throws UnusableContentException if there is none
     */
    public INDArray array(String name, INDArray like) {
        INDArray array = found(arrays, name);
        if (!worded(array).equals(worded(like))) {
            throw new UnusableContentException(
                    "\"" + prefix + name + "\" is an array " + worded(array) + "; expected " + worded(like));
        }
        return array;
    }

    /**
     * Type and shape of an array.
     *
     * @return {@code FLOAT[2, 3]}
     */
    public static String worded(INDArray array) {
        return array.dataType() + Arrays.toString(array.shape());
    }

    /**
     * Type and shape of an array.
     *
     * @return as {@link #worded(INDArray)}
     * @throws UnusableContentException if there is none
     */
    public String worded(String name) {
        return worded(found(arrays, name));
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
     * @throws UnusableContentException if there are none
     */
    public double[] numbers(String name) {
        return found(arrays, name).data().asDouble();
    }

    /**
     * A text.
     *
     * @throws UnusableContentException if there is none
     */
    public String text(String name) {
        return found(values, name);
    }

    /**
     * A number of things.
     *
     * @return the number, 0 or above
     * @throws UnusableContentException if there is none
     */
    public long count(String name) {
        return parsed(name, "a whole number, 0 or above", text -> {
            long number = Long.parseLong(text);
            return number < 0 ? Optional.empty() : Optional.of(number);
        });
    }

    /**
     * A number of things that are not too many for an {@code int}.
     *
     * @return the number, 0 or above
     * @throws UnusableContentException if there is none
     */
    public int smallCount(String name) {
        return parsed(name, "a whole number between 0 and " + Integer.MAX_VALUE, text -> {
            int number = Integer.parseInt(text);
            return number < 0 ? Optional.empty() : Optional.of(number);
        });
    }

    /**
     * A truth value.
     *
     * @throws UnusableContentException if there is none
     */
    public boolean truth(String name) {
        return parsed(
                name,
                "true or false",
                text -> Stream.of(true, false)
                        .filter(value -> text.equals(value.toString()))
                        .findFirst());
    }

    /**
     * A constant.
     *
     * @throws UnusableContentException if there is none
     */
    public <E extends Enum<E>> E constant(String name, Class<E> of) {
        return parsed(
                name, "one of " + Arrays.toString(of.getEnumConstants()), text -> Optional.of(Enum.valueOf(of, text)));
    }

    /**
     * A number.
     *
     * @throws UnusableContentException if there is none
     */
    public double number(String name) {
        return parsed(name, "a number", text -> Optional.of(Double.valueOf(text)));
    }

    /** Parsers of the JDK throw exceptions of this type, those of numbers included. */
    private <T> T parsed(String name, String expected, Function<String, Optional<T>> parser) {
        String text = text(name);
        Optional<T> value;
        try {
            value = parser.apply(text);
        } catch (IllegalArgumentException e) {
            value = Optional.empty();
        }
        return value.orElseThrow(() -> new UnusableContentException("\"" + prefix + name + "\" is \""
                + (text.length() > MOST_SHOWN ? text.substring(0, MOST_SHOWN) + "..." : text) + "\"; expected "
                + expected));
    }

    /**
     * A number that may be absent.
     *
     * @return the number, or empty if there is none
     */
    public OptionalDouble numberIfAny(String name) {
        return has(name) ? OptionalDouble.of(number(name)) : OptionalDouble.empty();
    }

    private <T> T found(Map<String, T> map, String name) {
        T value = map.get(prefix + name);
        if (value == null) {
            throw new UnusableContentException(
                    "it has no \"" + prefix + name + "\"; expected a checkpoint of this version of the library");
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
