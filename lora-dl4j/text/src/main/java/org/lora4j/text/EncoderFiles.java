/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.huggingface.JsonObjectFile;
import org.lora4j.internal.format.huggingface.SentenceModules;
import org.lora4j.internal.format.huggingface.TokenizerVocabulary;
import org.lora4j.internal.tokenizer.TokenizerContent;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.pretrained.PretrainedHead;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds what belongs to an encoder: its weights, and beside them tokenizer, pooling, prefixes and longest text. */
final class EncoderFiles {

    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_OF_MODEL = "the tokenizer.json of the model";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String CONFIG = "config.json";

    /** One between the two special ones. */
    private static final int FEWEST_TOKENS = 3;

    private static final String ONNX = ".onnx";
    private static final Logger LOG = LoggerFactory.getLogger(TextEncoder.class);

    /** Opens a stream again and again. */
    private interface Opened {
        InputStream open() throws IOException;
    }

    private EncoderFiles() {}

    static TextEncoder named(String name) throws IOException {
        NamedEncoder known = NamedEncoder.of(name)
                .orElseThrow(() -> new IllegalArgumentException("TextEncoder.named: no encoder is called "
                        + MessageText.name(name) + "; expected one of " + Problems.quoted(NamedEncoder.names())
                        + ClosestNames.hint(name, NamedEncoder.names())
                        + ". Others are read from their files: TextEncoder.load(path)."));
        ClassLoader loader = loaderOf(known);
        EncoderWeights weights = EncoderWeights.fromOnnx(OnnxInitializers.readResource(loader, known.model()));
        Opened tokenizer = () -> {
            InputStream in = loader.getResourceAsStream(known.tokenizer());
            if (in == null) {
                throw new FileNotFoundException("TextEncoder.named: resource " + MessageText.name(known.tokenizer())
                        + " is not on the class path; expected it beside " + MessageText.name(known.model()) + ".");
            }
            return in;
        };
        return encoder(
                known.id(),
                weights,
                tokenizer,
                known.tokenizer(),
                TextEncoder.Traits.of(known.pooling(), known.prefixes()),
                known.maxLength(),
                false);
    }

    private static ClassLoader loaderOf(NamedEncoder known) {
        ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
        return Stream.of(Optional.ofNullable(ofThread), Optional.of(TextEncoder.class.getClassLoader()))
                .flatMap(Optional::stream)
                .filter(loader -> loader.getResource(known.model()) != null)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("TextEncoder.named: resource "
                        + MessageText.name(known.model())
                        + " is not on the class path; expected the artifact that holds"
                        + " it. Add to the pom: " + known.dependency()));
    }

    static TextEncoder load(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return ofDirectory(path);
        }
        RegularFile.require(path, "an ONNX model or a directory of Hugging Face");
        return ofOnnx(path);
    }

    private static TextEncoder ofDirectory(Path directory) throws IOException {
        Optional<SentenceModules> modules = SentenceModules.read(directory);
        Path files = modules.map(SentenceModules::transformer).orElse(directory);
        Optional<Path> onnx = Stream.of(files.resolve("model.onnx"), directory.resolve("onnx/model.onnx"))
                .filter(Files::isRegularFile)
                .findFirst();
        if (onnx.isPresent() && !hasWeights(files)) {
            return ofOnnx(onnx.get());
        }
        Path own = files.resolve(TOKENIZER);
        Path tokenizer = TokenizerContent.isThere(own) ? own : directory.resolve(TOKENIZER);
        // Before memory is taken for weights.
        EncoderConfig config = PretrainedEncoder.config(files);
        try (InputStream in = TokenizerContent.open(tokenizer, TOKENIZER_OF_MODEL)) {
            int ids = TokenizerVocabulary.size(in, tokenizer.toString());
            requireSameVocabulary(ids, config, tokenizer.toString(), directory.toString());
        }
        PretrainedEncoder model = PretrainedEncoder.load(files);
        return encoder(directory, model.weights(), model.head(), directory, tokenizer);
    }

    private static boolean hasWeights(Path directory) {
        return Stream.of("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
                .anyMatch(name -> Files.exists(directory.resolve(name)));
    }

    private static TextEncoder ofOnnx(Path file) throws IOException {
        Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElseThrow();
        Path name = Optional.ofNullable(file.getFileName()).orElseThrow();
        String base = name.toString().endsWith(ONNX)
                ? name.toString().substring(0, name.toString().length() - ONNX.length())
                : name.toString();
        // Repositories of Hugging Face keep exports in a folder of their own.
        Path above = Optional.ofNullable(folder.getParent()).orElse(folder);
        List<Path> tokenizers =
                List.of(folder.resolve(base + "-" + TOKENIZER), folder.resolve(TOKENIZER), above.resolve(TOKENIZER));
        Path tokenizer = tokenizers.stream()
                .filter(TokenizerContent::isThere)
                .findFirst()
                .orElseThrow(() -> new FileNotFoundException("TextEncoder.load: no tokenizer for "
                        + MessageText.path(file) + "; expected one of " + Problems.quoted(tokenizers)
                        + ". Put the tokenizer.json of the model there."));
        Path description =
                tokenizer.getParent() != null && tokenizer.getParent().equals(above) ? above : folder;
        OnnxInitializers onnx = OnnxInitializers.read(file);
        EncoderWeights weights = weights(onnx, description);
        Optional<NamedEncoder> known = NamedEncoder.of(base);
        if (known.isPresent() && !Files.exists(description.resolve(SentenceModules.FILE))) {
            return encoder(
                    known.get().id(),
                    weights,
                    () -> TokenizerContent.open(tokenizer, TOKENIZER_OF_MODEL),
                    tokenizer.toString(),
                    TextEncoder.Traits.of(known.get().pooling(), known.get().prefixes()),
                    known.get().maxLength(),
                    false);
        }
        return encoder(file, weights, Optional.empty(), description, tokenizer);
    }

    /** With the heads of the graph, which a config beside it must not contradict. */
    private static EncoderWeights weights(OnnxInitializers onnx, Path folder) throws IOException {
        Path config = folder.resolve(CONFIG);
        if (!Files.exists(config)) {
            return EncoderWeights.fromOnnx(onnx);
        }
        Map<String, Object> fields = JsonObjectFile.read(config, "the config.json of the model");
        // Some families have BERT's names, and compute something else with them: RoBERTa counts positions otherwise.
        if (fields.get("model_type") instanceof String type && !type.equals("bert")) {
            throw new ModelFormatException(MessageText.path(config) + ": model_type is " + MessageText.name(type)
                    + ", but of ONNX files only those of \"bert\" are read. Put model.safetensors in place of the ONNX"
                    + " file: a directory with it, config.json and tokenizer.json is read for every family.");
        }
        if (!(fields.get("num_attention_heads") instanceof Integer heads) || heads < 1) {
            return EncoderWeights.fromOnnx(onnx);
        }
        try {
            return EncoderWeights.fromOnnx(onnx, heads);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(
                    MessageText.path(config) + ": num_attention_heads does not fit the model: " + e.getMessage(), e);
        }
    }

    private static TextEncoder encoder(
            Path model, EncoderWeights weights, Optional<PretrainedHead> head, Path folder, Path tokenizer)
            throws IOException {
        Optional<SentenceModules> modules = SentenceModules.read(folder);
        Opened opened = () -> TokenizerContent.open(tokenizer, TOKENIZER_OF_MODEL);
        if (modules.isEmpty()) {
            TextEncoder.Traits traits = new TextEncoder.Traits(
                    Pooling.NORMALIZED_MEAN, Prefixes.NONE, Map.of(), VectorSimilarity.COSINE, head, true);
            LOG.info(
                    "TextEncoder.load: {} does not say how a text becomes one vector (it has no {}); {} was chosen,"
                            + " withPooling(...) sets another",
                    MessageText.path(model),
                    SentenceModules.FILE,
                    traits.pooling());
            int longest = longestOfTokenizer(tokenizer);
            return encoder(model.toString(), weights, opened, tokenizer.toString(), traits, longest, false);
        }
        Pooling pooling = Pooling.load(folder).orElseThrow();
        requireFit(folder, pooling, weights);
        SentenceModules said = modules.get();
        TextEncoder.Traits traits = new TextEncoder.Traits(
                pooling,
                prefixes(said),
                said.prompts(),
                said.similarity().map(VectorSimilarity::of).orElse(VectorSimilarity.COSINE),
                head.isPresent() ? head : PretrainedHead.ofDense(folder, pooling),
                false);
        return encoder(
                model.toString(),
                weights,
                opened,
                tokenizer.toString(),
                traits,
                said.maxLength().isPresent() ? said.maxLength().getAsInt() : longestOfTokenizer(tokenizer),
                said.lowerCase());
    }

    /**
     * {@code model_max_length} of the {@code tokenizer_config.json} beside a tokenizer, at which Python cuts texts where nothing of
     * sentence-transformers says otherwise. Files of tokenizers that know no limit have a number beyond all texts.
     */
    private static int longestOfTokenizer(Path tokenizer) throws IOException {
        Path file = tokenizer.resolveSibling(TOKENIZER_CONFIG);
        if (!Files.exists(file)) {
            return Integer.MAX_VALUE;
        }
        Object longest = JsonObjectFile.read(file, "the tokenizer_config.json of the model")
                .get("model_max_length");
        if (longest == null) {
            return Integer.MAX_VALUE;
        }
        if (!(longest instanceof Number tokens) || tokens.doubleValue() < FEWEST_TOKENS) {
            throw new ModelFormatException(MessageText.path(file) + ": model_max_length is "
                    + MessageText.value(longest) + ", expected a number of tokens, " + FEWEST_TOKENS
                    + " or more. Correct it, or remove the field: the model then reads as much as it has positions.");
        }
        return (int) Math.min(Integer.MAX_VALUE, tokens.doubleValue());
    }

    private static void requireFit(Path folder, Pooling pooling, EncoderWeights weights) throws ModelFormatException {
        try {
            pooling.dimension(weights.config().hidden());
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(
                    MessageText.path(folder.resolve(SentenceModules.FILE)) + ": its modules do not fit the model: "
                            + e.getMessage() + " Files are of different models: get all of them again.",
                    e);
        }
    }

    private static TextEncoder encoder(
            String name,
            EncoderWeights weights,
            Opened tokenizer,
            String source,
            TextEncoder.Traits traits,
            int maxLength,
            boolean lowerCase)
            throws IOException {
        int longest = Math.min(maxLength, weights.config().longestSequence());
        requireLength(longest, weights.config());
        TextEncoder.TokenizerSource reopened = length -> {
            try (InputStream in = tokenizer.open()) {
                HuggingFaceTextTokenizer read = HuggingFaceTextTokenizer.load(in, source, length);
                return lowerCase ? read.lowerCased() : read;
            }
        };
        try (InputStream in = tokenizer.open()) {
            requireSameVocabulary(TokenizerVocabulary.size(in, source), weights.config(), source, name);
        }
        return new TextEncoder(name, weights, traits, reopened, reopened.open(longest));
    }

    /** More ids than rows read foreign memory; far fewer are those of another model. */
    private static void requireSameVocabulary(int ids, EncoderConfig config, String source, String model)
            throws ModelFormatException {
        if (ids > config.vocabulary() || ids < config.vocabulary() / 2) {
            throw new ModelFormatException(MessageText.value(source) + ": the tokenizer has " + ids
                    + " ids; expected about " + config.vocabulary() + ", the rows of the word table of "
                    + MessageText.value(model) + ". It belongs to another model: get the tokenizer.json of this one.");
        }
    }

    static void requireLength(int tokens, EncoderConfig config) {
        if (tokens < FEWEST_TOKENS || tokens > config.longestSequence()) {
            throw new IllegalArgumentException("TextEncoder: maxLength = " + tokens + "; expected " + FEWEST_TOKENS
                    + " to " + config.longestSequence() + ", the longest sequence of the model.");
        }
    }

    private static Prefixes prefixes(SentenceModules modules) {
        Map<String, String> prompts = modules.prompts();
        String text = modules.defaultPrompt()
                .map(name -> prompts.getOrDefault(name, ""))
                .orElse("");
        String query = prompts.getOrDefault("query", text);
        String passage = Stream.of("document", "passage", "corpus")
                .filter(prompts::containsKey)
                .map(prompts::get)
                .findFirst()
                .orElse(text);
        return new Prefixes(text, query, passage);
    }
}
