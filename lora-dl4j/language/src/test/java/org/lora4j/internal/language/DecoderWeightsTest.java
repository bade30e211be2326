/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the golden cases, whose tensors are small, do not reach. */
class DecoderWeightsTest {

    private static final int HIDDEN = 64;
    /** The table has more than 8 MB, the piece in which files are read. */
    private static final int VOCABULARY = 70_001;

    private static final short ONE = (short) 0x3F80;

    @TempDir
    private Path folder;

    private static Map<String, long[]> tensors() {
        Map<String, long[]> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", new long[] {VOCABULARY, HIDDEN});
        tensors.put("model.norm.weight", new long[] {HIDDEN});
        for (String norm : new String[] {"input_layernorm", "post_attention_layernorm"}) {
            tensors.put("model.layers.0." + norm + ".weight", new long[] {HIDDEN});
        }
        for (String linear : new String[] {
            "self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down"
        }) {
            tensors.put("model.layers.0." + linear + "_proj.weight", new long[] {HIDDEN, HIDDEN});
        }
        return tensors;
    }

    /** A model in BF16 whose values are 1, but for one of the table. */
    private void write(int at, short value) throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"llama\", \"hidden_size\": 64, \"intermediate_size\": 64, \"num_hidden_layers\": 1,"
                        + " \"num_attention_heads\": 2, \"vocab_size\": " + VOCABULARY
                        + ", \"tie_word_embeddings\": true}");
        StringJoiner header = new StringJoiner(",", "{", "}");
        long end = 0;
        for (Map.Entry<String, long[]> tensor : tensors().entrySet()) {
            long count = 1;
            StringJoiner shape = new StringJoiner(",", "[", "]");
            for (long size : tensor.getValue()) {
                count *= size;
                shape.add(Long.toString(size));
            }
            header.add("\"" + tensor.getKey() + "\":{\"dtype\":\"BF16\",\"shape\":" + shape + ",\"data_offsets\":["
                    + end + "," + (end + 2 * count) + "]}");
            end += 2 * count;
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file =
                ByteBuffer.allocate(Math.toIntExact(8 + text.length + end)).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text);
        while (file.hasRemaining()) {
            file.putShort(ONE);
        }
        file.putShort(8 + text.length + 2 * at, value);
        Files.write(folder.resolve("model.safetensors"), file.array());
    }

    @Test
    void aTableBeyondOnePiece_isReadWholeAndInPlace() throws IOException {
        int last = VOCABULARY * HIDDEN - 1;
        write(last, (short) 0x4040);

        INDArray table = DecoderWeights.read(folder, WeightStorage.AS_STORED).array("lm_head.weight");

        assertThat(table.dataType()).isEqualTo(DataType.BFLOAT16);
        INDArray values = table.castTo(DataType.FLOAT).reshape(-1);
        assertThat(values.getFloat(last)).isEqualTo(3);
        assertThat(values.getFloat(0)).isEqualTo(1);
        assertThat(values.sumNumber().doubleValue()).isEqualTo(last + 3.0);
    }

    @Test
    void aNumberThatIsNoneInTheLastPiece_isFound() throws IOException {
        write(VOCABULARY * HIDDEN - 1, (short) 0x7FC0);

        assertThatThrownBy(() -> DecoderWeights.read(folder, WeightStorage.AS_STORED))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model.embed_tokens.weight")
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> DecoderWeights.read(folder, WeightStorage.INT8))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model.embed_tokens.weight");
    }
}
