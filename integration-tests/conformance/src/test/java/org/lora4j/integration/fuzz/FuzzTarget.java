/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.lora4j.adapter.Adapter;
import org.lora4j.cli.YamlFuzz;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.format.torch.TorchReader;
import org.lora4j.language.CausalLm;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.ChatTemplate;
import org.lora4j.language.ChatTemplateException;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.text.TextTable;
import org.lora4j.tokenizer.Tokenizer;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.protos.LoraModelProto;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.SignatureOptions;
import org.lora4j.trust.SigningKeys;

/**
 * The ways in which bytes of strangers get in, each as one call that returns if the library did what it promises.
 *
 * <p>A reader may accept bytes or refuse them with the exception that it promises, an {@link AdapterFormatException} or
 * {@link ModelFormatException} for most, whose message names the file; anything else leaves the call.
 */
public enum FuzzTarget {

    /** A safetensors file. */
    SAFETENSORS {
        @Override
        void read(byte[] input) throws IOException {
            Path file = Files.write(FOLDER.resolve("f.safetensors"), input);
            try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                readAll(reader);
            }
        }
    },

    /** A file of torch.save. */
    TORCH {
        @Override
        void read(byte[] input) throws IOException {
            Path file = Files.write(FOLDER.resolve("f.bin"), input);
            try (TorchReader reader = TorchReader.open(file)) {
                readAll(reader);
            }
        }
    },

    /** The pickle within a file of torch.save: a fuzzer does not find its way through the directory of a zip. */
    PICKLE {
        @Override
        void read(byte[] input) throws IOException {
            Path file = FOLDER.resolve("pickle.bin");
            try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
                stored(zip, "archive/data.pkl", input);
                for (int key = 0; key < STORAGES.length; key++) {
                    stored(zip, "archive/data/" + key, new byte[STORAGES[key]]);
                }
            }
            try (TorchReader reader = TorchReader.open(file)) {
                readAll(reader);
            }
        }
    },

    /** A folder: the bytes up to the first 0 are its config, those behind it the weights. */
    ADAPTER {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("adapter"));
            split(input, folder.resolve("adapter_config.json"), folder.resolve("adapter_model.safetensors"));
            Adapter.load(folder).config();
        }
    },

    /** A zip of a network of Deeplearning4j, with or without adapters. */
    NETWORK {
        @Override
        void read(byte[] input) throws IOException {
            Path file = Files.write(FOLDER.resolve("network.zip"), input);
            NetworkFile.of(file).network();
        }
    },

    /** The configuration of a network, in a zip with as many parameters as the seeds have, past its checksum. */
    CONFIGURATION {
        @Override
        void read(byte[] input) throws IOException {
            Path file = FOLDER.resolve("configuration.zip");
            try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
                stored(zip, "configuration.json", input);
                stored(zip, "coefficients.bin", row(NUMBERS));
            }
            NetworkFile.of(file).network();
        }
    },

    /** A file of SameDiff.save. */
    SAMEDIFF {
        @Override
        void read(byte[] input) throws IOException {
            SameDiffFile.read(Files.write(FOLDER.resolve("graph.fb"), input));
        }
    },

    /** The weights in an ONNX file. */
    ONNX {
        @Override
        void read(byte[] input) throws IOException {
            OnnxInitializers.read(Files.write(FOLDER.resolve("model.onnx"), input));
        }
    },

    /** Rows of values with commas in between, and the same bytes with tabs in between. */
    CSV {
        @Override
        void read(byte[] input) throws IOException {
            Path file = Files.write(FOLDER.resolve("rows.csv"), input);
            try {
                TextTable.tsv(file);
            } catch (ModelFormatException e) {
                // What it is with commas is asked for.
            }
            TextTable.csv(file);
        }
    },

    /** Rows as JSON objects, one a line. */
    JSON_LINES {
        @Override
        void read(byte[] input) throws IOException {
            TextTable.jsonLines(Files.write(FOLDER.resolve("rows.jsonl"), input));
        }
    },

    /** A checkpoint of llama2.c and its tokenizer, in this order; the first four bytes are the length of the first. */
    LLAMA2C {
        @Override
        void read(byte[] input) throws IOException {
            long wanted = input.length < Integer.BYTES
                    ? 0
                    : ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).getInt();
            int start = Math.min(Integer.BYTES, input.length);
            int end = start + (int) Math.max(0, Math.min(wanted, input.length - start));
            Path checkpoint = Files.write(FOLDER.resolve("llama2c.bin"), Arrays.copyOfRange(input, start, end));
            Path tokenizer = Files.write(FOLDER.resolve("llama2c.tok"), Arrays.copyOfRange(input, end, input.length));
            Path directory = FOLDER.resolve("llama2c");
            try {
                Llama2cCheckpoint.convert(checkpoint, tokenizer, directory);
            } finally {
                if (Files.exists(directory)) {
                    delete(directory);
                }
            }
        }
    },

    /** A checkpoint of a training run, taken up by a trainer; also past its checksum, which is set right where there is one. */
    CHECKPOINT {
        @Override
        void read(byte[] input) throws IOException {
            TrainingCheckpoints.resume(FOLDER, input);
        }

        @Override
        boolean isRefusal(Exception e) {
            return e instanceof UncheckedIOException
                    || e instanceof IllegalArgumentException && e.getMessage().startsWith("Trainer, ")
                    || e instanceof TrainingFailedException;
        }

        /** A run that goes on writes checkpoints, with an adapter beside each. */
        @Override
        long freeBytes() {
            return 4L << 20;
        }
    },

    /** What a LoraModel of Tribuo is in its proto, behind the name of its class. */
    TRIBUO {
        @Override
        void read(byte[] input) throws IOException {
            Any model = Any.pack(LoraModelProto.getDefaultInstance()).toBuilder()
                    .setValue(ByteString.copyFrom(input))
                    .build();
            LoraModel.deserializeFromProto(0, LoraModel.class.getName(), model);
        }

        @Override
        boolean isRefusal(Exception e) {
            return e instanceof InvalidProtocolBufferException && e.getMessage().startsWith("LoraModel: ");
        }
    },

    /** A language model: the bytes up to the first 0 are its config, those behind it the weights. It says a token. */
    DECODER {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("decoder"));
            split(input, folder.resolve("config.json"), folder.resolve("model.safetensors"));
            try (CausalLm model = CausalLm.load(folder)) {
                model.generateIds(List.of(new int[] {1, 2}), GenerationConfig.greedy(2), token -> true);
            }
        }

        /** What a model says may be NaN, and its context too short for two tokens and one more. */
        @Override
        boolean isRefusal(Exception e) {
            return super.isRefusal(e)
                    || e instanceof IllegalArgumentException
                            && e.getMessage().matches("(?s)(generate: |logits of new token ).*");
        }
    },

    /** A generation_config.json. */
    GENERATION_CONFIG {
        @Override
        void read(byte[] input) throws IOException {
            GenerationConfig.read(Files.write(FOLDER.resolve("generation_config.json"), input));
        }
    },

    /** A lora4j_receipt.json. */
    RECEIPT {
        @Override
        void read(byte[] input) throws IOException {
            Receipt.read(Files.write(FOLDER.resolve(Receipt.FILE), input)).json();
        }
    },

    /** A signature of a model, by a key that is trusted. */
    SIGNATURE {
        @Override
        void read(byte[] input) throws IOException {
            Path bundle = Files.write(FOLDER.resolve(ModelSignature.FILE), input);
            ModelSignature.verify(
                    SIGNED.resolve("models/simple"),
                    bundle,
                    List.of(SigningKeys.readPublic(SIGNED.resolve("keys/p256-pub.pem"))),
                    new SignatureOptions(List.of("ignore-me"), false));
        }
    },

    /** A file of settings of the command line. */
    YAML {
        @Override
        void read(byte[] input) throws IOException {
            YamlFuzz.read(Files.write(FOLDER.resolve("lora4j.yaml"), input));
        }
    },

    /** A chat template, rendered within small limits. */
    CHAT_TEMPLATE {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("chat"));
            Files.write(folder.resolve("chat_template.jinja"), input);
            ChatTemplate.load(folder).withLimits(1 << 16, 1 << 14).render(CONVERSATION, true, Map.of("tools", TOOLS));
        }

        @Override
        boolean isRefusal(Exception e) {
            return super.isRefusal(e)
                    || e instanceof ChatTemplateException && e.getMessage().startsWith(FOLDER.toString());
        }
    },

    /** An expression of a chat template that is computed over and over from large texts, lists and dictionaries. */
    TEMPLATE_OPERATIONS {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("operations"));
            String template = LARGE_VALUES + "{% for i in range(1000) %}{% set x = "
                    + new String(input, StandardCharsets.UTF_8) + " %}{% endfor %}";
            Files.writeString(folder.resolve("chat_template.jinja"), template);
            ChatTemplate.load(folder).withLimits(1 << 20, 1 << 16).render(CONVERSATION, true);
        }

        @Override
        boolean isRefusal(Exception e) {
            return CHAT_TEMPLATE.isRefusal(e);
        }

        @Override
        long freeBytes() {
            return 64L << 20;
        }
    },

    /** A tokenizer of Hugging Face, which encodes texts and decodes what came of them. */
    TOKENIZER {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("tokenizer"));
            Files.write(folder.resolve("tokenizer.json"), input);
            try (LanguageTokenizer tokenizer = LanguageTokenizer.load(folder)) {
                for (String text : TEXTS) {
                    tokenizer.decode(tokenizer.encode(text), true);
                }
                tokenizer.tokenizePair(TEXTS.get(0), TEXTS.get(1), true);
            }
        }

        @Override
        boolean isRefusal(Exception e) {
            return super.isRefusal(e)
                    || e instanceof IllegalStateException && e.getMessage().startsWith(FOLDER.toString());
        }
    },

    /** A folder without tokenizer.json: the bytes up to the first 0 are its settings, those behind it a model of SentencePiece. */
    SENTENCEPIECE {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("sentencepiece"));
            Path model = folder.resolve("spiece.model");
            split(input, folder.resolve("tokenizer_config.json"), model);
            for (String name : List.of("spm.model", "sentencepiece.bpe.model", "tokenizer.model")) {
                Files.copy(model, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
            encode(folder);
        }

        @Override
        boolean isRefusal(Exception e) {
            return TOKENIZER.isRefusal(e);
        }
    },

    /** A folder without tokenizer.json: its settings, its vocabulary and its merges, with a 0 between. */
    VOCABULARY {
        @Override
        void read(byte[] input) throws IOException {
            Path folder = Files.createDirectories(FOLDER.resolve("vocabulary"));
            Path rest = FOLDER.resolve("vocabulary.rest");
            split(input, folder.resolve("tokenizer_config.json"), rest);
            split(Files.readAllBytes(rest), folder.resolve("vocab.txt"), folder.resolve("merges.txt"));
            Files.copy(folder.resolve("vocab.txt"), folder.resolve("vocab.json"), StandardCopyOption.REPLACE_EXISTING);
            encode(folder);
        }

        @Override
        boolean isRefusal(Exception e) {
            return TOKENIZER.isRefusal(e);
        }
    };

    private static void encode(Path folder) throws IOException {
        Tokenizer tokenizer = Tokenizer.read(folder);
        for (String text : TEXTS) {
            tokenizer.decode(tokenizer.encode(text).ids(), true);
        }
        tokenizer.encodePair(TEXTS.get(0), TEXTS.get(1));
    }

    private static final String LARGE_VALUES = "{% set t = 'a' * 20000 %}{% set u = 'a' * 10000 ~ 'b' %}"
            + "{% set v = 'a' * 19999 ~ 'a' %}{% set n = '1' * 20000 ~ 'x' %}{% set w = 'a ' * 9000 %}{% set f = '{0}%s' * 4000 %}"
            + "{% set l = [9007199254740993, 9007199254740992.0, 5e-324] * 1000 %}{% set p = (t, u) * 500 %}"
            + "{% set e = [''] * 5000 %}{% set m = {t: 1, 'b': t} %}{% set ns = namespace(g=(1, 2)) %}"
            + "{% for i in range(50) %}{% set ns.g = (ns.g, ns.g) %}{% endfor %}{% set g = ns.g %}";

    private static final List<String> TEXTS = List.of(
            "To be, or not to be: it's  2024!\n",
            "\u00C9t\u00E9 e\u0301\u0323 \uD83D\uDC68\u200D\uD83D\uDC69 \u4E2D\u6587\u0000\uFFFD<s>[MASK] aaaaaaaaaaaaaaaaaaaaaaaaaaaa!");

    private static final List<ChatMessage> CONVERSATION = List.of(
            ChatMessage.system("Be kind."),
            ChatMessage.user(" Hi, what is 1 < 2?\n"),
            new ChatMessage("assistant", null, Map.of("tool_calls", List.of(Map.of("name", "f", "arguments", "{}")))),
            ChatMessage.of("tool", "true"),
            ChatMessage.assistant("<think>\nhm\n</think>\nYes."));

    private static final List<?> TOOLS = List.of(Map.of(
            "type",
            "function",
            "function",
            Map.of(
                    "name",
                    "f",
                    "description",
                    "Compares.",
                    "parameters",
                    Map.of("type", "object", "properties", Map.of("a", Map.of("type", "integer"))))));

    /** Parameters of the seeds' networks. */
    private static final int NUMBERS = 83;

    /** An array of zeros as ND4J writes it. */
    private static byte[] row(int length) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        long[] shape = {2, 1, length, length, 1, 0, 1, 'c'};
        out.writeUTF("MIXED_DATA_TYPES");
        out.writeLong(shape.length);
        out.writeUTF("LONG");
        for (long number : shape) {
            out.writeLong(number);
        }
        out.writeUTF("MIXED_DATA_TYPES");
        out.writeLong(length);
        out.writeUTF("FLOAT");
        out.write(new byte[length * Float.BYTES]);
        return bytes.toByteArray();
    }

    private static final Path FOLDER = folder();

    private static final Path SIGNED = Path.of("../../lora-dl4j/core/src/test/resources/signing");

    /** Bytes of the storages that the seeds' state dictionary has. */
    private static final int[] STORAGES = {48, 8, 0, 4, 16, 3, 4};

    /** What a message may have; more would fill a log with a stranger's bytes. */
    private static final int LONGEST_MESSAGE = 20_000;

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory("lora4j-fuzz");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            return folder;
        } catch (IOException e) {
            throw new IllegalStateException("no temporary folder", e);
        }
    }

    private static void delete(Path folder) {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot remove " + folder, e);
        }
    }

    abstract void read(byte[] input) throws IOException;

    /** How many bytes may be allocated whatever the input. */
    long freeBytes() {
        return 2L << 20;
    }

    /** Whether an exception is one that the reader promises, and says what it is about. */
    boolean isRefusal(Exception e) {
        return (e instanceof AdapterFormatException || e instanceof ModelFormatException)
                && e.getMessage().startsWith(FOLDER.toString());
    }

    /** Whether the bytes are accepted; throws whatever must not be thrown. */
    boolean accepts(byte[] input) throws IOException {
        try {
            read(input);
            return true;
        } catch (IOException | RuntimeException e) {
            if (!isRefusal(e)) {
                throw e;
            }
            if (e.getMessage().length() > LONGEST_MESSAGE) {
                throw new AssertionError("a message that does not end: " + e.getMessage(), e);
            }
            return false;
        }
    }

    /** Writes the bytes up to the first 0 to one file, and those behind it to another. */
    private static void split(byte[] input, Path first, Path second) throws IOException {
        int end = 0;
        while (end < input.length && input[end] != 0) {
            end++;
        }
        Files.write(first, Arrays.copyOf(input, end));
        Files.write(second, Arrays.copyOfRange(input, Math.min(end + 1, input.length), input.length));
    }

    private static void readAll(TensorFile file) throws IOException {
        for (TensorEntry tensor : file.tensors().values()) {
            file.read(tensor, 0, ByteBuffer.allocate(Math.toIntExact(tensor.byteCount())));
        }
    }

    private static void stored(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
