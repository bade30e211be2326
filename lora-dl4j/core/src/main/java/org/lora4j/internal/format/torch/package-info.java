/**
 * Files of PyTorch's {@code torch.save} ({@code adapter_model.bin}, {@code *.pt}), read without executing anything.
 *
 * <p>Such a file is a zip: {@code <name>/data.pkl} is a pickle, a program for a small stack machine that builds a
 * dictionary of tensors; {@code <name>/data/<key>} are the bytes of storages, which tensors are views of; {@code
 * <name>/byteorder} is {@code little} or {@code big}. In Python a pickle may call any function. Here
 * {@code PickleMachine} knows only the instructions that data needs, {@code TorchGlobals} is the whole list of names that
 * a pickle may mention, and any other name is refused as soon as it is read. No class is looked up and nothing is called.
 *
 * <p>A file is hostile until proved otherwise: the directory of the zip, storages, strides and sizes are held against the
 * real length of the file with checked arithmetic before anything is allocated for them, and what a pickle builds is
 * bounded by its length. {@link org.lora4j.internal.format.torch.TorchReader} is the way in. What is not read and why: the format
 * before PyTorch 1.6 (no zip), TorchScript, sparse and quantized tensors, conjugated views.
 *
 * <p>This package uses {@code format}, {@code format.zip}, {@code error} and the JDK. A new type of storage or a new
 * function is a line in {@code TorchGlobals}.
 *
 * <p>Sources: Python's {@code pickletools} (instructions), PyTorch's documentation of {@code torch.save} and
 * {@code torch/serialization.py}, all read for behavior.
 */
package org.lora4j.internal.format.torch;
