/** Its place is kept before it is there, so that nothing jumps. Without one there is no place either. */
export function Picture({ url, alt, isSmall }: { url: string | null; alt: string; isSmall?: boolean }) {
  if (url === null) return null;
  const side = isSmall ? "96" : "640";
  return (
    <img
      class={isSmall ? "thumb" : "picture"}
      src={url}
      alt={alt}
      width={side}
      height={side}
      loading={isSmall ? "lazy" : "eager"}
      decoding="async"
    />
  );
}
