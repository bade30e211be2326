/**
 * Encoders read from files that exist, and the way from texts to the arrays that they eat.
 *
 * <p><b>Weights.</b> {@link org.lora4j.pretrained.EncoderWeights} holds a BERT-family encoder as named arrays with Hugging
 * Face's names; linear weights are stored {@code [in, out]}. A source of weights turns its file into such a value:
 * {@link org.lora4j.pretrained.PretrainedEncoder} reads a directory of Hugging Face Transformers,
 * {@link org.lora4j.pretrained.OnnxInitializers} an ONNX file; another format is added beside them and ends in
 * {@link org.lora4j.pretrained.EncoderWeights#of}.
 *
 * <p><b>Graphs.</b> {@link org.lora4j.pretrained.EncoderGraph} and {@link org.lora4j.pretrained.EncoderClassifier} build a
 * SameDiff graph over a {@code EncoderWeights}. The module paths are Hugging Face's ({@code
 * encoder.layer.0.attention.self.query}), so that adapter keys and target patterns of PEFT fit; a classifier of {@code
 * PretrainedEncoder} puts {@code bert.} or {@code roberta.} before them, as the Python classes do. One graph serves every
 * batch size and every length.
 *
 * <p><b>Texts.</b> {@link org.lora4j.pretrained.TextTokenizer} makes ids of a text, and
 * {@link org.lora4j.pretrained.LengthBuckets} makes batches of a list of examples, padded to few lengths.
 */
package org.lora4j.pretrained;
