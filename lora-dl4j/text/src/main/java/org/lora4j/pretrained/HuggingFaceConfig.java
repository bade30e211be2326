/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/**
 * What the {@code config.json} of a BERT-family model says.
 *
 * @param family which kind of BERT
 * @param bert the shape of the encoder
 * @param architecture name of the Python class that was saved, if the file names exactly one
 * @param classes number of classes of a head, whether or not there is one
 * @param problemType {@code problem_type}, if there is one
 */
record HuggingFaceConfig(
        BertFamily family, BertConfig bert, Optional<String> architecture, int classes, Optional<String> problemType) {

    static final String FILE = "config.json";

    /** As in Transformers' {@code ACT2FN}; the names in one line compute the same up to rounding. */
    private static final Map<String, BertActivation> ACTIVATIONS = Map.ofEntries(
            Map.entry("gelu", BertActivation.GELU),
            Map.entry("gelu_python", BertActivation.GELU),
            Map.entry("gelu_new", BertActivation.GELU_TANH),
            Map.entry("gelu_pytorch_tanh", BertActivation.GELU_TANH),
            Map.entry("gelu_fast", BertActivation.GELU_TANH),
            Map.entry("gelu_accurate", BertActivation.GELU_TANH),
            Map.entry("relu", BertActivation.RELU),
            Map.entry("silu", BertActivation.SILU),
            Map.entry("swish", BertActivation.SILU));

    /** Fields that change the numbers, with what they may be: absent, or what has no effect. */
    private static final List<Harmless> HARMLESS = List.of(
            new Harmless("position_embedding_type", "absolute"::equals, "\"absolute\""),
            new Harmless("is_decoder", Boolean.FALSE::equals, "false"),
            new Harmless("is_encoder_decoder", Boolean.FALSE::equals, "false"),
            new Harmless("add_cross_attention", Boolean.FALSE::equals, "false"),
            new Harmless("pruned_heads", value -> value instanceof Map<?, ?> map && map.isEmpty(), "{}"),
            new Harmless("quantization_config", value -> false, "none, the weights as they were trained"),
            new Harmless("auto_map", HuggingFaceConfig::namesNoModelClass, "no Python code of the model's own"));

    /** A field whose other values would be ignored silently. */
    private record Harmless(String field, Predicate<Object> allowed, String expected) {}

    static HuggingFaceConfig read(Path file) throws IOException {
        Map<String, Object> fields = JsonObjectFile.read(file, "the config.json of a Hugging Face model");
        Problems problems = new Problems();
        Object modelType = fields.get("model_type");
        Optional<BertFamily> family = modelType instanceof String type ? BertFamily.of(type) : Optional.empty();
        if (family.isEmpty()) {
            // The fields of other models mean other things, so complaining about each would only confuse.
            throw new ModelFormatException(file + ": model_type is "
                    + (modelType == null ? "missing" : quoted(modelType)) + "; expected one of "
                    + Problems.quoted(BertFamily.allModelTypes()) + ". Models of other types cannot be read.");
        }
        Fields reader = new Fields(fields, problems);
        for (Harmless harmless : HARMLESS) {
            Object value = fields.get(harmless.field());
            if (value != null && !harmless.allowed().test(value)) {
                problems.add(harmless.field() + " is " + quoted(value) + ", expected " + harmless.expected()
                        + ": it would change the numbers and is not supported");
            }
        }
        HuggingFaceConfig read = translate(family.get(), reader, problems);
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". The model cannot be computed as Python would: get another one, or correct the file.");
        }
        return read;
    }

    private static HuggingFaceConfig translate(BertFamily family, Fields fields, Problems problems) {
        int layers = fields.size("num_hidden_layers");
        int hidden = fields.size("hidden_size");
        int heads = fields.size("num_attention_heads");
        int intermediate = fields.size("intermediate_size");
        int vocabulary = fields.size("vocab_size");
        int positions = fields.size("max_position_embeddings");
        int types = fields.size("type_vocab_size", BertTensor.DEFAULT_TYPES);
        double epsilon = fields.number("layer_norm_eps", BertConfig.BERT_LAYER_NORM_EPSILON);
        BertActivation activation = activation(fields.value("hidden_act"), problems);
        OptionalInt padding = family.countsFromPadding() ? fields.id("pad_token_id") : OptionalInt.empty();
        Optional<String> architecture = fields.only("architectures");
        Optional<String> problemType = fields.text("problem_type");
        int classes = fields.value("id2label") instanceof Map<?, ?> labels && !labels.isEmpty()
                ? labels.size()
                : fields.size("num_labels", 2);
        if (!problems.isEmpty()) {
            return null;
        }
        try {
            BertConfig bert = new BertConfig(
                    layers,
                    hidden,
                    heads,
                    intermediate,
                    vocabulary,
                    positions,
                    types,
                    epsilon,
                    activation,
                    family.positions(padding));
            return new HuggingFaceConfig(family, bert, architecture, classes, problemType);
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return null;
        }
    }

    private static BertActivation activation(Object name, Problems problems) {
        BertActivation found = name == null ? BertActivation.GELU : ACTIVATIONS.get(name);
        if (found == null) {
            problems.add("hidden_act is " + quoted(name) + ", expected one of "
                    + Problems.quoted(ACTIVATIONS.keySet().stream().sorted().toList())
                    + (name instanceof String text ? ClosestNames.hint(text, ACTIVATIONS.keySet()) : ""));
        }
        return found;
    }

    private static boolean namesNoModelClass(Object autoMap) {
        return autoMap instanceof Map<?, ?> map
                && map.keySet().stream().noneMatch(key -> Objects.toString(key).startsWith("AutoModel"));
    }

    /** Whether the class that was saved classifies sequences; nothing if the file does not say. */
    Optional<Boolean> classifiesSequences() {
        return architecture.map(name -> name.endsWith("ForSequenceClassification"));
    }

    /** What the head of the class that was saved is for; empty if it has none or the file does not say. */
    Optional<PretrainedHead.Task> task() {
        return architecture.flatMap(PretrainedHead.Task::of);
    }

    private static String quoted(Object value) {
        return value instanceof String ? MessageText.name(value) : MessageText.value(value);
    }

    /** Fields by type; what does not fit becomes a problem and some value. */
    private record Fields(Map<String, Object> all, Problems problems) {

        Object value(String name) {
            return all.get(name);
        }

        /** A required number, 1 or more. */
        int size(String name) {
            if (all.get(name) == null) {
                problems.add(name + " is missing, expected an integer, 1 or more");
                return 1;
            }
            return size(name, 1);
        }

        int size(String name, int absent) {
            Object value = all.get(name);
            if (value == null) {
                return absent;
            }
            if (value instanceof Integer number && number >= 1) {
                return number;
            }
            problems.add(name + " is " + quoted(value) + ", expected an integer, 1 or more");
            return 1;
        }

        OptionalInt id(String name) {
            Object value = all.get(name);
            if (value == null) {
                return OptionalInt.empty();
            }
            if (value instanceof Integer number && number >= 0) {
                return OptionalInt.of(number);
            }
            problems.add(name + " is " + quoted(value) + ", expected an integer, 0 or more");
            return OptionalInt.empty();
        }

        double number(String name, double absent) {
            Object value = all.get(name);
            if (value == null) {
                return absent;
            }
            if (value instanceof Number number) {
                return number.doubleValue();
            }
            problems.add(name + " is " + quoted(value) + ", expected a number");
            return absent;
        }

        Optional<String> text(String name) {
            Object value = all.get(name);
            if (value != null && !(value instanceof String)) {
                problems.add(name + " is " + quoted(value) + ", expected a string");
            }
            return value instanceof String text ? Optional.of(text) : Optional.empty();
        }

        /** The one entry of a list of strings. */
        Optional<String> only(String name) {
            Object value = all.get(name);
            if (value == null) {
                return Optional.empty();
            }
            if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
                return list.size() == 1 ? Optional.of((String) list.get(0)) : Optional.empty();
            }
            problems.add(name + " is " + quoted(value) + ", expected a list of strings");
            return Optional.empty();
        }
    }
}
