/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.checkpoint;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.TensorHash;
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
public final class CheckpointContent implements AutoCloseable {

    private static final int MOST_SHOWN = 100;

    private static final String STEP = "record.step";
    private static final String BEFORE = "record.before";
    private static final String HASH = "record.hash";

    /** Last parts of names of values that differ from run to run, as they are times. */
    private static final Set<String> TIMES = Set.of("nanos", "epochNanos", "seconds", "evaluationSeconds");

    /** What of the machine a run chose. */
    private static final Set<String> OF_MACHINE = Set.of("products", "mostParts");

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

    /**
     * Ends the filling: adds the hash of all that is there but times and what of the machine was chosen.
     *
     * @param step the step after which it was taken
     * @param before the hash of the checkpoint before it; empty for none
     */
    public void seal(long step, Optional<String> before) {
        values.put(STEP, String.valueOf(step));
        before.ifPresent(hash -> values.put(BEFORE, hash));
        values.put(HASH, recordHash());
    }

    /**
     * Whether there is a hash.
     *
     * @return false of one of a version that did not seal
     */
    public boolean isSealed() {
        return values.containsKey(HASH);
    }

    /**
     * The step after which it was taken.
     *
     * @throws UnusableContentException if it is not sealed
     */
    public long step() {
        return new CheckpointContent("", arrays, values).count(STEP);
    }

    /**
     * The hash as it stands there, whatever else does.
     *
     * @throws UnusableContentException if it is not sealed
     */
    public String sealedHash() {
        return new CheckpointContent("", arrays, values).text(HASH);
    }

    /** The hash of the checkpoint before it; empty for none. */
    public Optional<String> before() {
        return Optional.ofNullable(values.get(BEFORE));
    }

    /** The hash of what is there. */
    public String recordHash() {
        StringBuilder about = new StringBuilder();
        Map<String, INDArray> hashed = new TreeMap<>();
        values.forEach((name, value) -> {
            if (isOfRecord(name)) {
                // With lengths: names and values must not run into each other.
                about.append(name.length())
                        .append(' ')
                        .append(value.length())
                        .append(' ')
                        .append(name)
                        .append(value);
            }
        });
        arrays.forEach((name, array) -> {
            if (isOfRecord(name)) {
                hashed.put(name, array);
            }
        });
        return TensorHash.of(about.toString(), hashed, name -> false);
    }

    private static boolean isOfRecord(String name) {
        return !name.equals(HASH)
                && !OF_MACHINE.contains(name)
                && !TIMES.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    /**
     * How another content differs, but for times and what of the machine was chosen.
     *
     * @return by name of a value or an array by how much, relative to the largest element; infinite where that cannot be told
     */
    public Map<String, Double> differences(CheckpointContent other) {
        Map<String, Double> differences = new LinkedHashMap<>();
        Set<String> names = new TreeSet<>(arrays.keySet());
        names.addAll(other.arrays.keySet());
        names.stream().filter(CheckpointContent::isOfRecord).forEach(name -> {
            double apart = apart(arrays.get(name), other.arrays.get(name));
            if (apart > 0) {
                differences.put(name, apart);
            }
        });
        Set<String> texts = new TreeSet<>(values.keySet());
        texts.addAll(other.values.keySet());
        texts.stream().filter(name -> isOfRecord(name) && !name.equals(BEFORE)).forEach(name -> {
            double apart = apart(values.get(name), other.values.get(name));
            if (apart > 0) {
                differences.put(name, apart);
            }
        });
        return differences;
    }

    private static double apart(INDArray one, INDArray other) {
        if (one == null || other == null || !worded(one).equals(worded(other))) {
            return Double.POSITIVE_INFINITY;
        }
        if (ArrayBytes.same(one, other)) {
            return 0;
        }
        double largest =
                Math.max(one.amaxNumber().doubleValue(), other.amaxNumber().doubleValue());
        double difference = one.sub(other).amaxNumber().doubleValue();
        return Double.isFinite(difference) && difference > 0 ? difference / largest : Double.POSITIVE_INFINITY;
    }

    private static double apart(String one, String other) {
        if (one != null && one.equals(other)) {
            return 0;
        }
        try {
            double before = Double.parseDouble(String.valueOf(one));
            double now = Double.parseDouble(String.valueOf(other));
            double largest = Math.max(Math.abs(before), Math.abs(now));
            double apart = Math.abs(before - now) / largest;
            return apart > 0 ? apart : Double.POSITIVE_INFINITY;
        } catch (NumberFormatException e) {
            return Double.POSITIVE_INFINITY;
        }
    }

    /** Frees the arrays. */
    @Override
    public void close() {
        arrays.values().stream().filter(array -> !array.isEmpty()).forEach(INDArray::close);
    }

    Map<String, INDArray> allArrays() {
        return arrays;
    }

    Map<String, String> allValues() {
        return values;
    }
}
