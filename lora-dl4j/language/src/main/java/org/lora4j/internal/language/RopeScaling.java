/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;

/**
 * The table of ways to stretch rotary positions beyond the length that a model was trained with, by {@code rope_type}.
 * Frequencies of a head of size d are {@code theta^(-2i / d)} to begin with.
 */
final class RopeScaling {

    private static final Map<String, Stretch> STRETCHES = new TreeMap<>(Map.of(
            "default", RopeScaling::plain,
            // It begins to change what a model computes beyond the context, where no sequence comes.
            "dynamic", RopeScaling::plain,
            "linear", RopeScaling::linear,
            "llama3", RopeScaling::llama3,
            "yarn", RopeScaling::yarn,
            "longrope", RopeScaling::longrope,
            // What the first Phi-3 files call it.
            "su", RopeScaling::longrope));

    private static final String ORIGINAL = "original_max_position_embeddings";

    /** A way to get from what a file says to a rotation. */
    private interface Stretch {
        Rotation of(Source source);
    }

    /** What a file says of one rotation. */
    private record Source(
            String where, Map<?, ?> fields, double theta, int size, int context, int trained, Problems problems) {

        double[] frequencies() {
            return IntStream.range(0, size / 2)
                    .mapToDouble(i -> 1 / Math.pow(theta, 2.0 * i / size))
                    .toArray();
        }

        double need(String field) {
            if (fields.get(field) == null) {
                problems.add(where + " has no \"" + field + "\", expected a finite number above 0");
            }
            return read(field, 1);
        }

        double read(String field, double absent) {
            return optional(field).orElse(absent);
        }

        OptionalDouble optional(String field) {
            return ConfigFields.positive(where + "." + field, fields.get(field), problems);
        }

        /** The context that the model was trained with, before it was stretched. */
        int original() {
            double read = read(ORIGINAL, trained);
            problems.check(
                    read >= 1 && read <= DecoderConfig.LONGEST,
                    where + "." + ORIGINAL + " is " + read + ", expected 1 to " + DecoderConfig.LONGEST);
            return (int) Math.max(1, Math.min(read, DecoderConfig.LONGEST));
        }
    }

    private RopeScaling() {}

    /**
     * Reads a rotation.
     *
     * @param where name of the field, for messages
     * @param fields {@code rope_scaling} or {@code rope_parameters}; empty for none
     * @param theta base of the frequencies
     * @param size entries of a head that are turned
     * @param context the longest sequence
     * @param trained the context before stretching, where the fields do not say
     * @param problems gets what is wrong
     * @return the rotation, of no use if there were problems
     */
    static Rotation of(
            String where, Map<?, ?> fields, double theta, int size, int context, int trained, Problems problems) {
        Object type = fields.get("rope_type") == null ? fields.get("type") : fields.get("rope_type");
        Stretch stretch = type == null ? RopeScaling::plain : STRETCHES.get(type.toString());
        boolean pairs = size > 0 && size % 2 == 0;
        if (stretch == null || !pairs) {
            problems.check(
                    stretch != null,
                    where + " has the rope_type " + ConfigFields.quoted(type) + ", expected one of "
                            + Problems.quoted(STRETCHES.keySet()));
            problems.check(pairs, size + " entries of each head are turned, expected an even number, 2 or more");
            return plain(new Source(where, Map.of(), theta, 2, context, trained, problems));
        }
        int before = problems.size();
        Rotation rotation = stretch.of(new Source(where, fields, theta, size, context, trained, problems));
        problems.check(
                problems.size() > before || rotation.isFinite(DecoderConfig.LONGEST),
                where + " has angles or a factor that are not finite, expected numbers as Python writes them");
        return rotation;
    }

    private static Rotation plain(Source source) {
        return new Rotation(source.frequencies(), 1, Optional.empty());
    }

    /** Chen et al. 2023, arXiv:2306.15595: positions over a factor. */
    private static Rotation linear(Source source) {
        double factor = source.need("factor");
        return new Rotation(
                DoubleStream.of(source.frequencies()).map(f -> f / factor).toArray(), 1, Optional.empty());
    }

    /** Llama 3.1: long waves over a factor, short ones as they are, those between on a line. */
    private static Rotation llama3(Source source) {
        double factor = source.need("factor");
        double low = source.need("low_freq_factor");
        double high = source.need("high_freq_factor");
        double original = source.need(ORIGINAL);
        if (low >= high) {
            source.problems()
                    .add(source.where() + " has low_freq_factor " + low + " and high_freq_factor " + high
                            + ", expected a smaller and a larger one");
        }
        double[] stretched = DoubleStream.of(source.frequencies())
                .map(f -> {
                    double turns = original * f / (2 * Math.PI);
                    double kept = Math.max(0, Math.min(1, (turns - low) / (high - low)));
                    return (1 - kept) * f / factor + kept * f;
                })
                .toArray();
        return new Rotation(stretched, 1, Optional.empty());
    }

    /** Peng et al. 2023, arXiv:2309.00071, equations 23 to 25, with its temperature as a factor of both tables. */
    private static Rotation yarn(Source source) {
        double factor = source.need("factor");
        double[] frequencies = source.frequencies();
        boolean truncate = !Boolean.FALSE.equals(source.fields().get("truncate"));
        double low = turning(source, source.read("beta_fast", 32));
        double high = turning(source, source.read("beta_slow", 1));
        double first = Math.max(truncate ? Math.floor(low) : low, 0);
        double last = Math.min(truncate ? Math.ceil(high) : high, source.size() - 1.0);
        double width = first == last ? 0.001 : last - first;
        double[] stretched = IntStream.range(0, frequencies.length)
                .mapToDouble(i -> {
                    double stretch = Math.max(0, Math.min(1, (i - first) / width));
                    return frequencies[i] / factor * stretch + frequencies[i] * (1 - stretch);
                })
                .toArray();
        return new Rotation(stretched, yarnTemperature(source, factor), Optional.empty());
    }

    /** The index at which a wave turns so many times within the original context. */
    private static double turning(Source source, double turns) {
        return source.size() * Math.log(source.original() / (turns * 2 * Math.PI)) / (2 * Math.log(source.theta()));
    }

    private static double yarnTemperature(Source source, double factor) {
        OptionalDouble scale = source.optional("mscale");
        OptionalDouble ofAll = source.optional("mscale_all_dim");
        double usual = scale.isPresent() && ofAll.isPresent()
                ? temperature(factor, scale.getAsDouble()) / temperature(factor, ofAll.getAsDouble())
                : temperature(factor, 1);
        return source.read("attention_factor", usual);
    }

    private static double temperature(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }

    /** Ding et al. 2024, arXiv:2402.13753: a factor for each frequency, other ones beyond the original context. */
    private static Rotation longrope(Source source) {
        double[] shorter = divided(source, "short_factor");
        double[] longer = divided(source, "long_factor");
        int original = source.original();
        double factor = source.read("factor", (double) source.context() / original);
        double usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return new Rotation(
                shorter, source.read("attention_factor", usual), Optional.of(new Rotation.Longer(longer, original)));
    }

    private static double[] divided(Source source, String field) {
        double[] frequencies = source.frequencies();
        boolean fits = source.fields().get(field) instanceof List<?> list
                && list.size() == frequencies.length
                && list.stream().allMatch(ConfigFields::isFactor);
        if (!fits) {
            source.problems()
                    .add(source.where() + "." + field + " is "
                            + ConfigFields.quoted(source.fields().get(field)) + ", expected " + frequencies.length
                            + " numbers from 1e-30 to 1e30");
            return frequencies;
        }
        List<?> factors = (List<?>) source.fields().get(field);
        return IntStream.range(0, frequencies.length)
                .mapToDouble(i -> frequencies[i] / ((Number) factors.get(i)).doubleValue())
                .toArray();
    }
}
