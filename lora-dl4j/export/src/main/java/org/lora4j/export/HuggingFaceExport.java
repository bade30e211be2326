/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.adapter.StorageType;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.export.BertFiles;
import org.lora4j.internal.export.DenseModule;
import org.lora4j.internal.export.Labels;
import org.lora4j.internal.export.MergedParameters;
import org.lora4j.internal.export.SentenceFiles;
import org.lora4j.internal.export.TokenizerFiles;
import org.lora4j.internal.export.Trained;
import org.lora4j.internal.export.TypedTensors;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.text.TextEncoder;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes an encoder with adapters merged, or all its weights as they were trained, as a directory of Hugging Face, as Python's
 * Transformers and sentence-transformers read it.
 *
 * <pre>{@code
 * HuggingFaceExport.of(encoder)
 *         .adapter(tuned.adapter())
 *         .type(StorageType.F16)
 *         .write(Path.of("tuned-minilm"));
 * }</pre>
 *
 * <table>
 * <caption>What is written</caption>
 * <tr><th>call</th><th>class</th><th>besides {@code config.json}, {@code model.safetensors}, tokenizer and card</th></tr>
 * <tr><td>none</td><td>{@code BertModel}</td><td>{@code modules.json}, {@code 1_Pooling}, {@code 2_Normalize} or a pooler's
 * {@code 2_Dense}</td></tr>
 * <tr><td>{@link #sentenceClassifier}</td><td>{@code BertModel}</td><td>the same, then the head as a {@code Dense}</td></tr>
 * <tr><td>{@link #sequenceClassifier}</td><td>{@code BertForSequenceClassification}</td><td></td></tr>
 * <tr><td>{@link #tokenClassifier}</td><td>{@code BertForTokenClassification}</td><td></td></tr>
 * </table>
 *
 * <p><b>Refused.</b> A head that the class would not compute: {@code BertForSequenceClassification} has a pooler before its
 * classifier, and Python makes weights up for one that is not there, so a head over a mean of tokens is a {@code Dense} of
 * sentence-transformers or nothing. An adapter of another base, as the hashes in it tell. A value beyond the range of the type.
 *
 * <p><b>State.</b> A builder. The encoder and the adapters are only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class HuggingFaceExport extends MergingExport<HuggingFaceExport> {

    private static final String WHERE = "HuggingFaceExport";
    private static final String HEAD = EncoderClassifier.HEAD;
    private static final String POOLER = "pooler.dense";
    /** Of heads with a hidden layer, of others, and of decoders. */
    private static final List<String> LAST_MODULES = List.of(HEAD + ".out_proj", HEAD, "score");

    private static final String IDENTITY = "torch.nn.modules.linear.Identity";
    /** What a prompt for texts that are searched is called, as sentence-transformers looks for it. */
    private static final List<String> PASSAGES = List.of("document", "passage", "corpus");

    private static final String TANH = "torch.nn.modules.activation.Tanh";

    /** Which class of Python's computes the model. */
    private enum Target {
        VECTORS("Model"),
        SENTENCE_CLASSES("Model"),
        SEQUENCE_CLASSES("ForSequenceClassification"),
        TAGS("ForTokenClassification");

        private final String suffix;

        Target(String suffix) {
            this.suffix = suffix;
        }

        boolean hasModules() {
            return this == VECTORS || this == SENTENCE_CLASSES;
        }
    }

    private final TextEncoder encoder;
    private final Trained trained = new Trained(adapters);
    private Target target = Target.VECTORS;
    private List<String> labels = List.of();
    private boolean several;
    private boolean numbers;
    private Optional<Pooling.Function> activation = Optional.empty();
    private boolean dropsHead;
    private StorageType type = StorageType.F32;

    private HuggingFaceExport(TextEncoder encoder) {
        this.encoder = encoder;
    }

    /**
     * Starts an export of an encoder, whose pooling, prefixes, longest text and tokenizer go along.
     *
     * @param encoder the encoder
     * @return a builder
     */
    public static HuggingFaceExport of(TextEncoder encoder) {
        return new HuggingFaceExport(
                Objects.requireNonNull(encoder, "HuggingFaceExport.of: encoder is null; expected a TextEncoder"));
    }

    /**
     * Sets all parameters, for a model whose weights were trained in full, or of which the head alone was. Adapters are merged
     * into them.
     *
     * @param weights the parameters of the whole model in PyTorch's names and layout, as {@code TextClassifier.weights()}
     *     gives them
     * @return this builder
     */
    public HuggingFaceExport weights(ModelWeights weights) {
        trained.set("HuggingFaceExport.weights", weights);
        return this;
    }

    /**
     * Asks for a classifier of sentence-transformers: its vectors have a score for each label.
     *
     * @param labels the classes in the order of the head's outputs, as {@code TextClassifier.labels()} gives them
     * @return this builder
     */
    public HuggingFaceExport sentenceClassifier(List<String> labels) {
        return head(Target.SENTENCE_CLASSES, labels);
    }

    /**
     * Asks for {@code BertForSequenceClassification}, or RoBERTa's.
     *
     * @param labels the classes in the order of the head's outputs
     * @return this builder
     */
    public HuggingFaceExport sequenceClassifier(List<String> labels) {
        return head(Target.SEQUENCE_CLASSES, labels);
    }

    /**
     * Says that a text may have several of the labels, each with a probability by itself ({@code problem_type}), as for {@code
     * TextClassifier.severalLabels()} and a {@code ReRanker}.
     *
     * @return this builder
     */
    public HuggingFaceExport severalLabels() {
        several = true;
        return this;
    }

    /**
     * Says that the outputs of the head are numbers, not scores of labels ({@code problem_type} is {@code regression}), as for a {@code
     * TextRegressor}.
     *
     * @return this builder
     */
    public HuggingFaceExport numbers() {
        numbers = true;
        return this;
    }

    /**
     * Says what makes a score of the one output of a cross-encoder, where that is not the sigmoid, for {@code CrossEncoder} of
     * sentence-transformers and {@code ReRanker.load}.
     *
     * @param function the function; one that PyTorch makes without an argument
     * @return this builder
     */
    public HuggingFaceExport activation(Pooling.Function function) {
        activation = Optional.of(Objects.requireNonNull(
                function, "HuggingFaceExport.activation: function is null; expected a Pooling.Function"));
        return this;
    }

    /**
     * Asks for {@code BertForTokenClassification}, or RoBERTa's.
     *
     * @param tags the tags in the order of the head's outputs, as {@code TokenClassifier.tags()} gives them
     * @return this builder
     */
    public HuggingFaceExport tokenClassifier(List<String> tags) {
        return head(Target.TAGS, tags);
    }

    private HuggingFaceExport head(Target wanted, List<String> names) {
        target = wanted;
        labels = List.copyOf(names);
        return this;
    }

    /**
     * Leaves out the head of an adapter of which the encoder is wanted.
     *
     * @return this builder
     */
    public HuggingFaceExport withoutHead() {
        dropsHead = true;
        return this;
    }

    /**
     * Sets the element type of all tensors, F32 by default. The report tells the largest rounding error.
     *
     * @param type the type
     * @return this builder
     */
    public HuggingFaceExport type(StorageType type) {
        this.type = Objects.requireNonNull(type, "HuggingFaceExport.type: type is null; expected one");
        return this;
    }

    /**
     * Writes the directory.
     *
     * @param directory the directory, which must not exist
     * @return what was written
     * @throws org.lora4j.error.IncompatibleBaseException if an adapter or the weights do not fit, or an adapter was trained on
     *     another base
     * @throws IOException if the directory exists or writing fails; nothing is left behind then
     * @throws IllegalArgumentException if the head does not fit what was asked for, a value is beyond the range of the type, or
     *     the tokenizer of the encoder has no file; the message lists every problem
     */
    public ExportReport write(Path directory) throws IOException {
        Backend.require();
        StagedDirectory.requireFree(WHERE, directory);
        byte[] tokenizer = OnnxExport.json(WHERE, encoder.tokenizer());
        Map<String, INDArray> tensors = encoder.weights().checkpointTensors();
        MergedParameters merged = MergedParameters.of(WHERE, tensors, trained);
        tensors.putAll(merged.changed());
        Map<String, INDArray> heads = new LinkedHashMap<>(merged.heads());
        encoder.weights()
                .config()
                .pooler()
                .ifPresent(
                        path -> moduleOf(heads, path).forEach((part, array) -> tensors.put(path + "." + part, array)));
        Problems problems = new Problems();
        boolean hasOwnHead = isOfAnotherFamily() && !target.hasModules();
        Map<String, INDArray> dense = hasOwnHead ? Map.of() : denseOf(heads);
        if (target.hasModules()) {
            DenseModule.of(encoder.pooling(), encoder.weights().config().hidden(), dense, problems);
        }
        check(tensors, heads, problems);
        problems.check(
                !target.hasModules() || encoder.pooling().passedOver().isEmpty(),
                "the vector is that of the last token but id "
                        + encoder.pooling().passedOver().orElse(0)
                        + ", which no module of sentence-transformers takes, expected another pooling, or the head of "
                        + encoder.weights().config().architecture(Target.SEQUENCE_CLASSES.suffix) + " without a bias");
        activation.ifPresent(function -> {
            problems.check(
                    function.torchName().isPresent(),
                    "activation is " + function + ", expected one that PyTorch has a class of without arguments for");
            problems.check(
                    labels.size() == 1 && target != Target.TAGS,
                    "activation " + function + " for " + labels.size()
                            + " outputs, expected a classifier of texts with one: that of a cross-encoder");
        });
        problems.throwIfAny(WHERE);
        Map<String, INDArray> head = headOf(heads);
        double error = Math.max(
                TypedTensors.largestError(tensors, type, problems), TypedTensors.largestError(head, type, problems));
        problems.throwIfAny(WHERE);
        List<String> files = new ArrayList<>();
        StagedDirectory.write(WHERE, directory, staging -> {
            files.addAll(TokenizerFiles.write(tokenizer, encoder.maxLength(), staging));
            writeModel(staging, tensors, head);
            files.addAll(List.of("config.json", "model.safetensors"));
            if (target.hasModules()) {
                files.addAll(writeModules(staging, tensors, head, dense));
            }
            WholeFile.write(staging.resolve("README.md"), text(merged));
            files.add("README.md");
            new EncoderProbe(encoder.weights().config(), tensors, type, encoder.tokenizer())
                    .requireSame(WHERE, staging);
        });
        return new ExportReport(
                directory,
                files.stream().sorted().toList(),
                merged.changed().keySet().stream().toList(),
                head.keySet().stream().sorted().toList(),
                error);
    }

    /** Takes a module out of what adapters bring, whatever prefix it has. */
    private static Map<String, INDArray> moduleOf(Map<String, INDArray> heads, String module) {
        Map<String, INDArray> parts = new LinkedHashMap<>();
        for (String part : List.of("weight", "bias")) {
            Set<String> names = new TreeSet<>(heads.keySet());
            names.removeIf(name -> !("." + name).endsWith("." + module + "." + part));
            names.stream().findFirst().ifPresent(name -> parts.put(part, heads.remove(name)));
        }
        return parts;
    }

    /** Takes the modules of the pooling out of what adapters bring, but those of a classifier's head. */
    private Map<String, INDArray> denseOf(Map<String, INDArray> heads) {
        Map<String, INDArray> dense = new LinkedHashMap<>();
        for (String name : encoder.pooling().tensors().keySet()) {
            if (!name.startsWith(HEAD + ".") && heads.containsKey(name)) {
                dense.put(name, heads.remove(name));
            }
        }
        return dense;
    }

    private void check(Map<String, INDArray> tensors, Map<String, INDArray> heads, Problems problems) {
        EncoderConfig config = encoder.weights().config();
        if (isOfAnotherFamily()) {
            checkFamily(heads, problems);
            return;
        }
        boolean roberta = config.positions().paddingId().isPresent();
        boolean hidden = heads.containsKey(HEAD + ".dense.weight");
        String last = hidden ? HEAD + ".out_proj" : HEAD;
        INDArray weight = heads.get(last + ".weight");
        Set<String> left = new TreeSet<>(heads.keySet());
        if (target != Target.VECTORS) {
            Labels.check(labels, problems);
            problems.check(
                    weight != null && heads.containsKey(last + ".bias"),
                    "nothing that was trained brings \"" + HEAD + "\" with weight and bias, expected the head of "
                            + target.suffix);
            problems.check(
                    weight == null || weight.size(0) == labels.size(),
                    labels.size() + " labels, expected " + (weight == null ? 0 : weight.size(0))
                            + ", the outputs of the head");
            left.removeIf(name -> name.startsWith(HEAD + "."));
        }
        problems.check(
                !(several || numbers) || target == Target.SENTENCE_CLASSES || target == Target.SEQUENCE_CLASSES,
                (several ? "severalLabels()" : "numbers()") + " for " + target.suffix
                        + ", expected a classifier of texts");
        problems.check(!(several && numbers), "severalLabels() and numbers(), expected one of them");
        if (target == Target.SEQUENCE_CLASSES) {
            boolean fits = roberta ? hidden : encoder.pooling().equals(Pooling.POOLER) && !hidden;
            String expected = roberta
                    ? "a hidden layer \"classifier.dense\" over the first token"
                    : "the pooler \"pooler.dense\" over the first token (Pooling.POOLER)";
            problems.check(
                    fits,
                    "the head was trained over " + encoder.pooling() + (hidden ? " with a hidden layer" : "")
                            + ", but " + BertFiles.family(config) + target.suffix + " has " + expected
                            + " before it, for which Python would make weights up; expected a head over that, or"
                            + " sentenceClassifier(labels)");
        } else if (target != Target.VECTORS) {
            problems.check(!hidden, "the head has a hidden layer, expected a linear one for " + target.suffix);
        }
        boolean needsPooler = encoder.pooling().modes().contains(Pooling.Mode.POOLER) && target != Target.TAGS;
        problems.check(
                !needsPooler || tensors.containsKey(POOLER + ".weight") && tensors.containsKey(POOLER + ".bias"),
                "neither the encoder nor what was trained has \"" + POOLER + "\", expected it for Pooling.POOLER");
        problems.check(
                left.isEmpty() || dropsHead,
                "what was trained brings " + Problems.quoted(left)
                        + ", which have no place in this class, expected a classifier to be asked for, or withoutHead()");
    }

    /** Other than BERT and RoBERTa, whose fields are written even where no file had them. */
    private boolean isOfAnotherFamily() {
        return !BertFiles.canDescribe(encoder.weights());
    }

    /** The parameters that the head of the class has. */
    private Set<String> headParameters() {
        return switch (target) {
            case VECTORS -> Set.of();
            case SENTENCE_CLASSES -> Set.of(HEAD + ".weight", HEAD + ".bias");
            default -> encoder.weights().config().headParameters(target.suffix).orElse(Set.of());
        };
    }

    private void checkFamily(Map<String, INDArray> heads, Problems problems) {
        EncoderConfig config = encoder.weights().config();
        String name = config.architecture(target.suffix);
        problems.check(
                !config.fields().isEmpty(),
                "the shape of this " + config.modelType() + " was not read from a config.json, expected one that was:"
                        + " nothing else has all fields of the family");
        Set<String> expected = headParameters();
        if (target != Target.VECTORS) {
            Labels.check(labels, problems);
            Set<String> missing = new TreeSet<>(expected);
            missing.removeAll(heads.keySet());
            problems.check(
                    !expected.isEmpty() && missing.isEmpty(),
                    "nothing that was trained brings " + (expected.isEmpty() ? "a head" : Problems.quoted(missing))
                            + ", expected the head of " + name
                            + ", for which Python would make weights up, or sentenceClassifier(labels)");
            INDArray outputs = LAST_MODULES.stream()
                    .map(module -> heads.get(module + ".weight"))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
            problems.check(
                    outputs == null || outputs.size(0) == labels.size(),
                    labels.size() + " labels, expected " + (outputs == null ? 0 : outputs.size(0))
                            + ", the outputs of the head");
        }
        if (target == Target.SEQUENCE_CLASSES) {
            Optional<Pooling> taken = config.headPooling(target.suffix);
            problems.check(
                    taken.isEmpty()
                            || encoder.pooling().modes().equals(taken.get().modes()),
                    "the head was trained over " + encoder.pooling() + ", but " + name + " takes "
                            + taken.orElse(Pooling.CLS) + ", expected a head over that, or sentenceClassifier(labels)");
        }
        problems.check(
                !(several || numbers) || target == Target.SENTENCE_CLASSES || target == Target.SEQUENCE_CLASSES,
                (several ? "severalLabels()" : "numbers()") + " for " + name + ", expected a classifier of texts");
        problems.check(!(several && numbers), "severalLabels() and numbers(), expected one of them");
        Set<String> left = new TreeSet<>(heads.keySet());
        left.removeAll(expected);
        problems.check(
                left.isEmpty() || dropsHead,
                "what was trained brings " + Problems.quoted(left) + ", which have no place in " + name
                        + ", expected a classifier to be asked for, or withoutHead()");
    }

    private Map<String, INDArray> headOf(Map<String, INDArray> heads) {
        Map<String, INDArray> head = new LinkedHashMap<>(heads);
        if (isOfAnotherFamily()) {
            head.keySet().retainAll(headParameters());
            return head;
        }
        head.keySet().removeIf(name -> target == Target.VECTORS || !name.startsWith(HEAD + "."));
        return head;
    }

    private String architecture() {
        EncoderConfig config = encoder.weights().config();
        return isOfAnotherFamily() ? config.architecture(target.suffix) : BertFiles.family(config) + target.suffix;
    }

    /** What the config says of the encoder. */
    private Map<String, Object> fields() {
        EncoderConfig config = encoder.weights().config();
        if (!isOfAnotherFamily()) {
            return BertFiles.config(config, architecture(), torchType());
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("architectures", List.of(architecture()));
        fields.putAll(config.fields());
        fields.put("torch_dtype", torchType());
        return fields;
    }

    /** The encoder's tensors by their names in the file, without a prefix. */
    private Map<String, INDArray> named(Map<String, INDArray> tensors) {
        EncoderConfig config = encoder.weights().config();
        Map<String, INDArray> named = new LinkedHashMap<>(encoder.weights().fileTensors(tensors));
        boolean pooled = config.headPooling(target.suffix).stream().anyMatch(Pooling.POOLER::equals);
        // A class without a pooler would warn of tensors that it does not know.
        if (!target.hasModules() && !pooled) {
            config.pooler().ifPresent(path -> named.keySet().removeIf(name -> name.startsWith(path + ".")));
        }
        return named;
    }

    private void writeModel(Path staging, Map<String, INDArray> tensors, Map<String, INDArray> head)
            throws IOException {
        Map<String, Object> fields = fields();
        if (!labels.isEmpty()) {
            fields.putAll(Labels.fields(labels, problemType(), target == Target.TAGS));
        }
        activation.flatMap(Pooling.Function::torchName).ifPresent(name -> {
            // Since sentence-transformers 4.0, and before.
            fields.put("sentence_transformers", Map.of("activation_fn", name));
            fields.put("sbert_ce_default_activation_function", name);
        });
        JsonObjects.write(staging.resolve("config.json"), fields);
        Map<String, INDArray> named = new LinkedHashMap<>();
        String prefix = target.hasModules() ? "" : encoder.weights().config().prefix();
        named(tensors).forEach((name, array) -> named.put(prefix + name, array));
        if (!target.hasModules()) {
            named.putAll(head);
        }
        TypedTensors.write(staging.resolve("model.safetensors"), named, type);
    }

    private String problemType() {
        if (numbers) {
            return Labels.NUMBERS;
        }
        return several ? Labels.SEVERAL : Labels.ONE;
    }

    private String torchType() {
        return switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
        };
    }

    private List<String> writeModules(
            Path staging, Map<String, INDArray> tensors, Map<String, INDArray> head, Map<String, INDArray> trained)
            throws IOException {
        SentenceFiles modules = new SentenceFiles(staging);
        List<String> weights = new ArrayList<>();
        Pooling pooling = encoder.pooling();
        modules.pooling(pooling, encoder.weights().config().hidden());
        if (pooling.modes().contains(Pooling.Mode.POOLER)) {
            String pooler = encoder.weights().config().pooler().orElse(POOLER);
            weights.add(dense(modules, staging, tensors.get(pooler + ".weight"), tensors.get(pooler + ".bias"), TANH));
        }
        for (DenseModule module :
                DenseModule.of(pooling, encoder.weights().config().hidden(), trained, new Problems())) {
            if (module.isNormalization()) {
                modules.normalize();
            } else {
                weights.add(dense(modules, staging, module.weight(), module.bias(), module.activation()));
            }
        }
        if (target == Target.SENTENCE_CLASSES) {
            weights.add(dense(modules, staging, head.get(HEAD + ".weight"), head.get(HEAD + ".bias"), IDENTITY));
        }
        weights.addAll(modules.write(texts()));
        return weights;
    }

    /** What is said of texts and vectors, under the names of the encoder's own prompts where it has some. */
    private SentenceFiles.Texts texts() {
        Map<String, String> prompts = new LinkedHashMap<>(encoder.prompts());
        prompts.put("query", encoder.prefixes().query());
        String passage =
                PASSAGES.stream().filter(prompts::containsKey).findFirst().orElse("passage");
        prompts.put(passage, encoder.prefixes().passage());
        String always = encoder.prefixes().text();
        Optional<String> chosen = Optional.empty();
        if (!always.isEmpty()) {
            chosen = Optional.of(encoder.prompts().keySet().stream()
                    .filter(name -> prompts.get(name).equals(always))
                    .findFirst()
                    .orElse("text"));
            prompts.put(chosen.get(), always);
        }
        boolean lower = encoder.tokenizer() instanceof HuggingFaceTextTokenizer read && read.isLowerCased();
        return new SentenceFiles.Texts(
                encoder.maxLength(),
                lower,
                prompts,
                chosen,
                encoder.similarity().name().toLowerCase(Locale.ROOT));
    }

    private String dense(SentenceFiles modules, Path staging, INDArray weight, INDArray bias, String activation)
            throws IOException {
        Path folder = modules.dense(weight.size(1), weight.size(0), bias != null, activation);
        Path file = folder.resolve("model.safetensors");
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("linear.weight", weight);
        if (bias != null) {
            tensors.put("linear.bias", bias);
        }
        TypedTensors.write(file, tensors, type);
        return staging.relativize(file).toString().replace('\\', '/');
    }

    private String text(MergedParameters merged) {
        String name = architecture();
        String python = target.hasModules()
                ? "from sentence_transformers import SentenceTransformer\n\n"
                        + "model = SentenceTransformer(\"path/to/this/directory\")\n"
                        + (target == Target.VECTORS
                                ? "vectors = model.encode([\"a text\"])"
                                : (numbers ? "values" : "scores") + " = model.encode([\"a text\"])  # [texts, "
                                        + labels.size() + "]")
                : "from transformers import AutoTokenizer, " + name + "\n\n"
                        + "tokenizer = AutoTokenizer.from_pretrained(\"path/to/this/directory\")\n"
                        + "model = " + name + ".from_pretrained(\"path/to/this/directory\")";
        String java = javaClass() + " model = " + javaClass() + ".load(Path.of(\"path/to/this/directory\"));"
                + (target == Target.VECTORS ? "" : " // or the task that wrote it");
        return card.text(
                name + ", tuned",
                target.hasModules() ? "sentence-transformers" : "transformers",
                merged.changed().size() + " parameters of the base were changed; tensors are " + type + "." + outputs(),
                "In Python:\n\n```python\n" + python + "\n```\n\nIn Java, with lora4j:\n\n```java\n" + java + "\n```");
    }

    /** What reads it in Java. */
    private String javaClass() {
        if (target == Target.VECTORS) {
            return "TextEncoder";
        }
        if (target == Target.TAGS) {
            return "TokenClassifier";
        }
        return numbers ? "TextRegressor" : "TextClassifier";
    }

    /** What the model gives, in words. */
    private String outputs() {
        if (target == Target.VECTORS) {
            return " The model gives a vector for each text.";
        }
        if (numbers) {
            return " The model gives " + (labels.size() == 1 ? "a number" : labels.size() + " numbers")
                    + " for each text.";
        }
        String what = target == Target.TAGS
                ? "each token a score for each of the " + labels.size() + " tags"
                : "each text a score for each of the " + labels.size() + " labels";
        return " The model gives " + what + " in `config.json`, in their order. Scores are logits: "
                + (several
                        ? "a sigmoid of each is the probability of its label."
                        : "a softmax makes probabilities of them.");
    }

    @Override
    public String toString() {
        return "HuggingFaceExport[" + encoder + ", " + trained + ", " + target + ", " + type + "]";
    }
}
