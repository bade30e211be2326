/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterDirectory;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.GgufExport;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.LmExample;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.ModelFormat;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.buffer.DataType;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Two models of each kind that can be saved or exported, made once and read by programs that save them until they are killed. */
final class SavedKinds {

    /** What is saved, and where it is found again. */
    enum Kind {
        TEXT_HEAD {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                models.heads.get(number).save(place);
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                return List.of(TextClassifier.load(place, models.encoder).predict(TEXTS));
            }
        },
        TEXT_ADAPTER {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                models.adapters.get(number).save(place);
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                return List.of(TextClassifier.load(place, models.encoder).predict(TEXTS));
            }
        },
        DECODER {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                CausalLmExport.of(models.decoder).write(free(place, number));
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                return exports(place);
            }
        },
        GGUF {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                GgufExport.of(models.decoder).write(free(place, number));
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                return exports(place);
            }
        },
        TRIBUO_ADAPTER {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                models.tribuo.get(number).exportAdapter(place);
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                Path outputs = AdapterDirectory.locate(place, "tribuo_outputs.json");
                return List.of(List.of(Adapter.load(place), Files.readString(outputs)));
            }
        },
        TRIBUO_NETWORK {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                models.tribuo.get(number).exportMerged(place);
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                MultiLayerNetwork network = NetworkFile.readMultiLayerNetwork(place);
                return List.of(Arrays.toString(network.params().toFloatVector()));
            }
        },
        LANGUAGE_ADAPTER {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                models.languageAdapters.get(number).save(place);
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                try (CausalLm model = CausalLm.load(place, models.language)) {
                    return List.of(model.model().adapter("default"));
                }
            }
        },
        LANGUAGE_IN_FULL {
            @Override
            void save(SavedKinds models, Path place, int number) throws IOException {
                models.languageInFull.get(number).save(place);
            }

            @Override
            List<Object> load(SavedKinds models, Path place) throws IOException {
                try (CausalLm model = CausalLm.load(place)) {
                    return List.of(CausalLmTrainer.builder(model).build().evaluate(sentences(0)));
                }
            }
        };

        abstract void save(SavedKinds models, Path place, int number) throws IOException;

        /** What is there, comparable by equals: one thing where saves replace it, and all that are there where they do not. */
        abstract List<Object> load(SavedKinds models, Path place) throws IOException;

        /** Exports make a directory, which must not be there before. */
        boolean replaces() {
            return this != DECODER && this != GGUF;
        }
    }

    private static final List<String> TEXTS = List.of("a good film", "a bad film");
    private static final List<String> WORDS = List.of("[UNK]", "[CLS]", "[SEP]", "good", "bad", "very", "film", "a");
    private static final int LONGEST = 16;

    private final TextEncoder encoder = encoder();
    private final List<TextClassifier> heads = new ArrayList<>();
    private final List<TextClassifier> adapters = new ArrayList<>();
    private final List<LoraModel<?>> tribuo = new ArrayList<>();
    private final List<CausalLm> languageAdapters = new ArrayList<>();
    private final List<CausalLm> languageInFull = new ArrayList<>();
    private final CausalLm language;
    private final Path decoder;

    /** Reads what {@link #write} wrote. */
    SavedKinds(Path folder) throws IOException {
        decoder = folder.resolve("decoder");
        language = CausalLm.load(decoder);
        for (int number = 0; number < 2; number++) {
            heads.add(TextClassifier.load(folder.resolve("head" + number), encoder));
            adapters.add(TextClassifier.load(folder.resolve("adapter" + number), encoder));
            tribuo.add((LoraModel<?>) Model.deserializeFromFile(folder.resolve("tribuo" + number)));
            languageAdapters.add(CausalLm.load(folder.resolve("language-adapter" + number), folder));
            // What was read is not saved again, only what was trained.
            CausalLm model = CausalLm.load(decoder);
            trainer(model).fullFineTuning().build().fit(sentences(number));
            languageInFull.add(model);
        }
    }

    /** Trains and writes the models. */
    static void write(Path folder) throws IOException {
        try (TextEncoder encoder = encoder()) {
            for (int number = 0; number < 2; number++) {
                List<LabeledText> texts = texts(number);
                TextClassifier.builder(encoder)
                        .epochs(1)
                        .headOnly()
                        .build()
                        .fit(texts, texts)
                        .save(folder.resolve("head" + number));
                TextClassifier.builder(encoder)
                        .epochs(1)
                        .build()
                        .fit(texts, texts)
                        .save(folder.resolve("adapter" + number));
            }
        }
        decoder(folder);
        language(folder);
        tribuo(folder);
    }

    private static List<LabeledText> texts(int number) {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String word = i % 2 == number ? "good" : "bad";
            texts.add(new LabeledText("a " + "very ".repeat(i / 2) + word + " film", i % 2 == 0 ? "yes" : "no"));
        }
        return texts;
    }

    private static TextEncoder encoder() {
        StringBuilder vocabulary = new StringBuilder();
        WORDS.forEach(word -> vocabulary
                .append(vocabulary.isEmpty() ? "" : ", ")
                .append('"')
                .append(word)
                .append("\": ")
                .append(WORDS.indexOf(word)));
        String tokenizer = """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "Whitespace"},
                 "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}, "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {%s}}}
                """.formatted(vocabulary);
        EncoderConfig config = EncoderConfig.bert(1, 16, 2, 16, WORDS.size(), LONGEST, 2);
        try {
            return TextEncoder.of(
                    EncoderWeights.random(config, 7, DataType.FLOAT),
                    HuggingFaceTextTokenizer.load(
                            new ByteArrayInputStream(tokenizer.getBytes(StandardCharsets.UTF_8)), "words", LONGEST),
                    Pooling.NORMALIZED_MEAN);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A seed of the fuzzer: the length of a checkpoint of llama2.c, the checkpoint, its tokenizer. */
    private static void decoder(Path folder) throws IOException {
        byte[] seed;
        try (var in = SavedKinds.class.getResourceAsStream("/fuzz/llama2c/shared-head")) {
            seed = in.readAllBytes();
        }
        int length = ByteBuffer.wrap(seed).order(ByteOrder.LITTLE_ENDIAN).getInt();
        int end = Integer.BYTES + length;
        Llama2cCheckpoint.convert(
                Files.write(folder.resolve("tiny.bin"), Arrays.copyOfRange(seed, Integer.BYTES, end)),
                Files.write(folder.resolve("tok.bin"), Arrays.copyOfRange(seed, end, seed.length)),
                folder.resolve("decoder"));
    }

    private static List<LmExample> sentences(int number) {
        return List.of(LmExample.text("ab".repeat(number + 1)), LmExample.text("ba".repeat(number + 2)));
    }

    private static CausalLmTrainer.Builder trainer(CausalLm model) {
        // What a fuzzer made is no model whose every module learns.
        return CausalLmTrainer.builder(model)
                .epochs(1)
                .validationFraction(0)
                .plan(plan -> plan.allowWithoutGradient(".*"));
    }

    private static void language(Path folder) throws IOException {
        for (int number = 0; number < 2; number++) {
            try (CausalLm model = CausalLm.load(folder.resolve("decoder"))) {
                trainer(model).build().fit(sentences(number));
                model.save(folder.resolve("language-adapter" + number));
            }
        }
    }

    private static void tribuo(Path folder) throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(2).nOut(4).build())
                .layer(new OutputLayer.Builder().name("out").nIn(4).nOut(2).build())
                .build());
        network.init();
        Path base = folder.resolve("base.zip");
        NetworkFile.write(network, base);
        LabelFactory labels = new LabelFactory();
        SplittableRandom random = new SplittableRandom(1);
        MutableDataset<Label> data = new MutableDataset<>(new SimpleDataSourceProvenance("corners", labels), labels);
        for (int i = 0; i < 16; i++) {
            boolean left = i % 2 == 0;
            double[] values = {left ? -1 : 1, random.nextDouble()};
            data.add(new ArrayExample<>(new Label(left ? "left" : "right"), new String[] {"x", "y"}, values));
        }
        for (int number = 0; number < 2; number++) {
            LoraTrainer.builder(new BaseNetwork(base), new LabelConverter())
                    .inputs(new DenseInputConverter(List.of("x", "y")))
                    .learningRate(0.1 * (number + 1))
                    .epochs(2)
                    .build()
                    .train(data)
                    .withFormat(ModelFormat.SELF_CONTAINED)
                    .serializeToFile(folder.resolve("tribuo" + number));
        }
    }

    /** A name for an export: what is there is gone before the next one is written. */
    private static Path free(Path place, int number) throws IOException {
        Files.createDirectories(place);
        Path target = place.resolve("export" + number);
        if (Files.exists(target)) {
            Path gone = Files.move(target, place.resolve("." + number + "-" + System.nanoTime()));
            try (Stream<Path> files = Files.list(gone)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(gone);
        }
        return target;
    }

    private static List<Object> exports(Path place) throws IOException {
        List<Object> found = new ArrayList<>();
        for (int number = 0; number < 2; number++) {
            Path export = place.resolve("export" + number);
            if (Files.exists(export)) {
                Map<String, String> contents = new TreeMap<>();
                try (Stream<Path> files = Files.list(export)) {
                    for (Path file : files.toList()) {
                        contents.put(
                                file.getFileName().toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
                    }
                }
                found.add(contents);
            }
        }
        return found;
    }
}
