/* SPDX-License-Identifier: Apache-2.0 */
import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.model.functions.Generator.Response;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import java.io.File;
import java.util.Optional;
import java.util.UUID;

/** Run as a source file by a newer JDK: milliseconds that Jlama takes for a token of a model in BF16, a line for each text. */
public final class JlamaTokens {

    private static final int TEXTS = 8;
    private static final int TOKENS = 32;

    private JlamaTokens() {}

    public static void main(String[] args) throws Exception {
        int threads = Integer.parseInt(args[1]);
        AbstractModel model = ModelSupport.loadModel(
                new File(args[0]), null, DType.F32, DType.BF16, Optional.empty(), Optional.of(threads));
        for (int i = 0; i < TEXTS; i++) {
            Response response =
                    model.generate(UUID.randomUUID(), PromptContext.of("abc"), 0f, TOKENS, (text, time) -> {});
            System.out.println("token " + (double) response.generateTimeMs / response.generatedTokens);
        }
        // Its threads would keep the process.
        System.exit(0);
    }
}
