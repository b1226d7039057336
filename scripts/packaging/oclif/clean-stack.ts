// Stands for the package `clean-stack`, which asks for the home directory when loaded and so fails for a user
// without a passwd entry. There are no long paths in our stacks that it could shorten.
export default (stack: string) => stack;
