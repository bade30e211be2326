/* SPDX-License-Identifier: Apache-2.0 */
import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.model.functions.Generator.PoolingType;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.safetensors.WeightLoader;
import com.github.tjake.jlama.tensor.AbstractTensor;
import java.io.File;
import java.util.Arrays;

/** Run as a source file by a newer JDK: what Jlama reads of a directory, one line for each tensor, and its classes. */
public final class JlamaReader {

    private JlamaReader() {}

    public static void main(String[] args) throws Exception {
        File directory = new File(args[0]);
        WeightLoader weights = SafeTensorSupport.loadWeights(directory);
        for (String name : weights.tensorInfoMap().keySet()) {
            AbstractTensor tensor = weights.load(name);
            int rows = tensor.dims() == 1 ? 1 : tensor.shape().first();
            int columns = tensor.shape().last();
            double sum = 0;
            for (int i = 0; i < rows * columns; i++) {
                float value = tensor.dims() == 1 ? tensor.get(i) : tensor.get(i / columns, i % columns);
                sum += value * (i % 1009 + 1.0);
            }
            System.out.println("tensor " + name + " " + rows + " " + columns + " " + sum);
        }
        if (args.length > 1 && args[1].equals("-")) {
            System.out.println("no model of its own");
        } else if (args.length > 1) {
            AbstractModel model = ModelSupport.loadClassifierModel(directory, DType.F32, DType.F32);
            System.out.println("classes " + model.classify(args[1], PoolingType.MODEL).keySet());
        } else {
            AbstractModel model = ModelSupport.loadEmbeddingModel(directory, DType.F32, DType.F32);
            System.out.println("tokens " + Arrays.toString(model.getTokenizer().encode("where is my card?")));
        }
        // Its threads would keep the process.
        System.exit(0);
    }
}
