/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.llama2c;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.tensor.TensorIndex;

/**
 * A checkpoint of llama2.c, version 0: the seven integers of its header, then all tensors, one after the other, those of all
 * layers together. Tensors go by the names that Transformers' {@code LlamaForCausalLM} has for them; rows of query and key are
 * as they are in the file, where the two numbers that are turned together are neighbors.
 *
 * <p><b>State.</b> Holds the file open until {@link #close}. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class Llama2cFile implements TensorFile {

    /** The base of the rotations, which the format does not say because its program has no other. */
    public static final double ROTATION_BASE = 10_000;

    private static final int HEADER_BYTES = 7 * Integer.BYTES;

    /** "ak42" in the order of bytes, the start of all versions but the first. */
    private static final int NEWER_MAGIC = 0x616B3432;

    private static final String COSINES = "freq_cis_real";
    private static final String SINES = "freq_cis_imag";

    private final Path path;
    private final FileChannel channel;
    private final Header header;
    private final TensorIndex tensors;

    /**
     * What a header says.
     *
     * @param hidden size of a hidden state
     * @param intermediate size within the feed-forward network
     * @param layers number of layers
     * @param heads number of heads of queries
     * @param keyHeads number of heads of keys and of values
     * @param vocabulary number of tokens
     * @param context the longest sequence
     * @param tied whether the head multiplies by the embedding table; a negative number of tokens in the file says no
     */
    public record Header(
            int hidden,
            int intermediate,
            int layers,
            int heads,
            int keyHeads,
            int vocabulary,
            int context,
            boolean tied) {

        /**
         * Size of a head.
         *
         * @return an even number
         */
        public int headSize() {
            return hidden / heads;
        }

        private static Header of(ByteBuffer bytes) {
            int[] numbers = new int[7];
            bytes.asIntBuffer().get(numbers);
            return new Header(
                    numbers[0],
                    numbers[1],
                    numbers[2],
                    numbers[3],
                    numbers[4],
                    Math.abs(numbers[5]),
                    numbers[6],
                    numbers[5] > 0);
        }

        private void check(Problems problems) {
            problems.atLeast("dim", hidden, 1);
            problems.atLeast("hidden_dim", intermediate, 1);
            problems.atLeast("n_layers", layers, 1);
            problems.atLeast("n_heads", heads, 1);
            problems.atLeast("n_kv_heads", keyHeads, 1);
            problems.atLeast("vocab_size", vocabulary, 1);
            problems.atLeast("max_seq_len", context, 1);
            if (problems.isEmpty()) {
                problems.check(
                        hidden % heads == 0 && headSize() % 2 == 0,
                        "n_heads = " + heads + ", expected a divisor of dim = " + hidden
                                + " that gives an even number");
                problems.check(
                        heads % keyHeads == 0,
                        "n_kv_heads = " + keyHeads + ", expected a divisor of n_heads = " + heads);
            }
        }

        /** All tensors in the order of the file. */
        private List<Part> parts() {
            long keys = (long) keyHeads * headSize();
            return List.of(
                    new Part("model.embed_tokens", false, vocabulary, hidden),
                    new Part("input_layernorm", true, hidden),
                    new Part("self_attn.q_proj", true, hidden, hidden),
                    new Part("self_attn.k_proj", true, keys, hidden),
                    new Part("self_attn.v_proj", true, keys, hidden),
                    new Part("self_attn.o_proj", true, hidden, hidden),
                    new Part("post_attention_layernorm", true, hidden),
                    new Part("mlp.gate_proj", true, intermediate, hidden),
                    new Part("mlp.down_proj", true, hidden, intermediate),
                    new Part("mlp.up_proj", true, intermediate, hidden),
                    new Part("model.norm", false, hidden),
                    new Part(COSINES, false, context, headSize() / 2),
                    new Part(SINES, false, context, headSize() / 2),
                    new Part("lm_head", false, tied ? 0 : vocabulary, hidden));
        }

        /** Bytes of the whole file; too many for a number of 64 bits is an {@link ArithmeticException}. */
        private long byteCount() {
            long sum = HEADER_BYTES;
            for (Part part : parts()) {
                sum = Math.addExact(sum, Math.multiplyExact(part.byteCount(), part.perLayer() ? layers : 1L));
            }
            return sum;
        }
    }

    /** Tensors of one kind. */
    private record Part(String module, boolean perLayer, long... shape) {

        long byteCount() {
            return DType.F32.byteCount(shape);
        }
    }

    private Llama2cFile(Path path, FileChannel channel, Header header) {
        this.path = path;
        this.channel = channel;
        this.header = header;
        Map<String, TensorEntry> entries = new LinkedHashMap<>();
        long at = HEADER_BYTES;
        for (Part part : header.parts()) {
            for (int layer = 0; layer < (part.perLayer() ? header.layers() : 1); layer++) {
                String name = (part.perLayer() ? "model.layers." + layer + "." : "") + part.module() + ".weight";
                if (part.byteCount() > 0) {
                    entries.put(name, new TensorEntry(name, DType.F32, part.shape(), at, part.byteCount()));
                }
                at += part.byteCount();
            }
        }
        this.tensors = new TensorIndex(path.toString(), entries);
    }

    /**
     * Opens a checkpoint, checks its header against the length of the file, and its rotations.
     *
     * @return a checkpoint to be closed
     * @throws ModelFormatException if it is damaged or of another version
     * @throws IOException if it does not exist or cannot be read
     */
    public static Llama2cFile open(Path path) throws IOException {
        FileChannel channel = RegularFile.channel(path, "a checkpoint of llama2.c");
        try {
            Llama2cFile file = new Llama2cFile(path, channel, header(path, channel));
            file.checkRotations();
            return file;
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static Header header(Path path, FileChannel channel) throws IOException {
        String where = MessageText.path(path);
        long length = RegularFile.size(where, channel);
        if (length < HEADER_BYTES) {
            throw new ModelFormatException(where + ": the file has " + length + " bytes; expected a header of "
                    + HEADER_BYTES + " at least. It is truncated or no checkpoint of llama2.c.");
        }
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        RegularFile.fill(path.toString(), channel, 0, bytes);
        bytes.flip();
        if (bytes.getInt(0) == NEWER_MAGIC) {
            throw new ModelFormatException(where + ": a checkpoint of version " + bytes.getInt(Integer.BYTES)
                    + "; expected version 0. Export it with --version 0.");
        }
        Header header = Header.of(bytes);
        Problems problems = new Problems();
        header.check(problems);
        if (problems.isEmpty()) {
            problems.check(isLong(header, length), "the file has " + length + " bytes, expected " + expected(header));
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(
                    problems.message(where) + ". The file is truncated, damaged or no checkpoint of llama2.c.");
        }
        return header;
    }

    private static boolean isLong(Header header, long length) {
        try {
            return header.byteCount() == length;
        } catch (ArithmeticException e) {
            return false;
        }
    }

    private static String expected(Header header) {
        try {
            return header.byteCount() + " by its header " + header;
        } catch (ArithmeticException e) {
            return "sizes that a file can have, found " + header;
        }
    }

    /** A model of other rotations would be read as one of these, and say something else. */
    private void checkRotations() throws IOException {
        int pairs = header.headSize() / 2;
        ByteBuffer row = ByteBuffer.allocate(pairs * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int position = 0; position < header.context(); position++) {
            // Angles are products in single precision, whose error grows with the position.
            double tolerance = 1e-4 + 2.5e-7 * position;
            for (boolean sine : new boolean[] {false, true}) {
                TensorEntry table = tensor((sine ? SINES : COSINES) + ".weight");
                row.clear();
                read(table, (long) position * row.capacity(), row);
                row.flip();
                for (int i = 0; i < pairs; i++) {
                    double angle = position / Math.pow(ROTATION_BASE, 2.0 * i / header.headSize());
                    double expected = sine ? Math.sin(angle) : Math.cos(angle);
                    float found = row.getFloat();
                    if (!(Math.abs(found - expected) <= tolerance)) {
                        throw new ModelFormatException(MessageText.path(path) + ": " + (sine ? SINES : COSINES) + "["
                                + position + ", " + i + "] is " + found + "; expected " + (float) expected
                                + ", a rotation of base 10000. The file is damaged, or of a model with other rotations,"
                                + " which llama2.c does not run either.");
                    }
                }
            }
        }
    }

    /** What the header says. */
    public Header header() {
        return header;
    }

    /** All of the file, the two tables of rotations among them. */
    @Override
    public Map<String, TensorEntry> tensors() {
        return tensors.entries();
    }

    /**
     * Whether a tensor is a weight, and not a table that is computed from nothing.
     *
     * @return false for the two tables of rotations
     */
    public static boolean isWeight(TensorEntry entry) {
        return !entry.name().startsWith(COSINES) && !entry.name().startsWith(SINES);
    }

    @Override
    public TensorEntry tensor(String name) {
        return tensors.entry(name);
    }

    @Override
    public void read(TensorEntry entry, long from, ByteBuffer into) throws IOException {
        tensors.checkRange(entry, from, into.remaining());
        RegularFile.fill(path.toString(), channel, entry.position() + from, into);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public String toString() {
        return "Llama2cFile[" + path + ", " + header + "]";
    }
}
