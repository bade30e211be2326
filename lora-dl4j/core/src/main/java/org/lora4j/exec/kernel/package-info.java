/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What multiplies matrices and computes element-wise work of a graph that runs with kernels: a {@link
 * org.lora4j.exec.kernel.Multiplier}, and the {@link org.lora4j.exec.kernel.Kernel}s that it may bring.
 */
package org.lora4j.exec.kernel;
