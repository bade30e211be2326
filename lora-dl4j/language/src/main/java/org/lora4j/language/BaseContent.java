/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.array.io.TensorHash;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hashes of a base: of its weights as its files have them, before they are stored in fewer bits, whatever shards they are in; of its
 * tokenizer and its chat template. Hashing two gigabytes takes seconds, so the hash of weights is kept as long as nothing has written
 * to its files.
 */
final class BaseContent {

    private static final int PIECE = 1 << 20;
    private static final int MOST_KEPT = 64;

    private static final Map<List<Object>, String> KNOWN = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<List<Object>, String> eldest) {
            return size() > MOST_KEPT;
        }
    };

    private BaseContent() {}

    /** The hashes of a model as it was read, by the names of a receipt. */
    static Map<String, String> hashes(CausalLm model) throws IOException {
        Map<String, String> hashes = new LinkedHashMap<>();
        hashes.put(Receipt.BASE, weights(model));
        model.tokenizerIfAny().ifPresent(tokenizer -> hashes.put(Receipt.TOKENIZER, Sha256.of(tokenizer.json())));
        model.chatTemplate().ifPresent(template -> hashes.put(Receipt.CHAT_TEMPLATE, template.hash()));
        return hashes;
    }

    private static String weights(CausalLm model) throws IOException {
        Path directory = model.directory();
        if (!Files.exists(directory.resolve(Checkpoint.SINGLE)) && !Files.exists(directory.resolve(Checkpoint.INDEX))) {
            // Of another format: what was read of it.
            Map<String, INDArray> arrays = new TreeMap<>();
            for (String name : model.readWeights().names()) {
                INDArray array = model.readWeights().array(name);
                if (array != null) {
                    arrays.put(name, array);
                }
            }
            return TensorHash.of("weights", arrays, name -> false);
        }
        return ofFiles(directory);
    }

    /** The hash of the weights in a directory of Hugging Face. */
    static String ofFiles(Path directory) throws IOException {
        List<Object> key = key(directory);
        synchronized (KNOWN) {
            String known = KNOWN.get(key);
            if (known != null) {
                return known;
            }
        }
        String hash = hash(directory);
        synchronized (KNOWN) {
            KNOWN.put(key, hash);
        }
        return hash;
    }

    private static List<Object> key(Path directory) throws IOException {
        List<Object> key = new ArrayList<>();
        List<Path> files;
        try (Stream<Path> list = Files.list(directory)) {
            files = list.filter(file -> file.getFileName().toString().contains(".safetensors"))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            key.add(file.toRealPath());
            key.add(attributes.size());
            key.add(attributes.lastModifiedTime());
            key.add(changed(file));
        }
        return key;
    }

    /**
     * When a file was written last, whatever its time says, which copies may set to that of their original; a system without such a
     * record has the time only.
     */
    private static Object changed(Path file) throws IOException {
        return file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? Files.readAttributes(file, "unix:ctime,ino")
                : "";
    }

    /** Of weights that were trained here: as of the file that a save writes of them. */
    static String ofTrained(CausalLm model) throws IOException {
        MessageDigest all = Sha256.begin();
        for (String name : new TreeSet<>(model.weights().names())) {
            INDArray array = model.weights().array(name);
            ElementCodec codec = ElementCodec.exactFor(array.dataType());
            begin(all, name, codec.fileType(), array.shape());
            ArrayBytes.source(name, array, codec).content().writeTo(new DigestChannel(all));
        }
        return HexFormat.of().formatHex(all.digest());
    }

    private static void begin(MessageDigest all, String name, DType type, long[] shape) {
        all.update((name + " " + type + Arrays.toString(shape) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private record DigestChannel(MessageDigest digest) implements WritableByteChannel {

        @Override
        public int write(ByteBuffer bytes) {
            int count = bytes.remaining();
            digest.update(bytes);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Nothing to close.
        }
    }

    private static String hash(Path directory) throws IOException {
        MessageDigest all = Sha256.begin();
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            for (TensorEntry entry : new TreeMap<>(checkpoint.tensors()).values()) {
                begin(all, entry.name(), entry.dtype(), entry.shape());
                for (long at = 0; at < entry.byteCount(); at += PIECE) {
                    piece.clear().limit((int) Math.min(PIECE, entry.byteCount() - at));
                    checkpoint.read(entry, at, piece);
                    all.update(piece.flip());
                }
            }
        }
        return HexFormat.of().formatHex(all.digest());
    }
}
